import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { Chunk } from "../../wire/Chunk";
import type { Shown } from "../../wire/Shown";
import type { WireError } from "../../wire/WireError";

/** How many passages of a long document are put on the page at a time. */
export const PASSAGES_AT_A_TIME = 60;

/** One memory, whole. Of a long document only a stretch around what was asked is on the page. */
export class MemoryState {
  shown = $state.raw<Shown | null>(null);
  error = $state.raw<WireError | null>(null);
  openError = $state.raw<WireError | null>(null);
  first = $state(0);
  end = $state(0);
  #latest = new Latest();
  #id = "";

  constructor(private readonly platform: Platform) {}

  async load(id: string): Promise<void> {
    const isNewest = this.#latest.begin();
    if (id !== this.#id) {
      this.shown = null;
      this.openError = null;
    }
    this.#id = id;
    this.error = null;
    try {
      const shown = await this.platform.call("show", { id });
      if (!isNewest()) return;
      const again = this.shown !== null;
      this.shown = shown;
      if (!again) this.#frame(shown);
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  get chunks(): Chunk[] {
    return this.shown?.kind === "document" ? this.shown.chunks : [];
  }

  get visible(): Chunk[] {
    return this.chunks.slice(this.first, this.end);
  }

  get later(): number {
    return Math.max(0, this.chunks.length - this.end);
  }

  showEarlier(): void {
    this.first = Math.max(0, this.first - PASSAGES_AT_A_TIME);
  }

  showLater(): void {
    this.end = Math.min(this.chunks.length, this.end + PASSAGES_AT_A_TIME);
  }

  async openOriginal(): Promise<void> {
    if (this.shown === null) return;
    try {
      this.openError = null;
      await this.platform.openOriginal(this.shown.id);
    } catch (thrown) {
      this.openError = toWireError(thrown);
    }
  }

  #frame(shown: Shown): void {
    if (shown.kind !== "document") return;
    const asked = Math.max(0, shown.chunks.findIndex(({ id }) => id === shown.asked));
    this.first = Math.max(0, asked - PASSAGES_AT_A_TIME / 2);
    this.end = Math.min(shown.chunks.length, this.first + PASSAGES_AT_A_TIME);
  }
}

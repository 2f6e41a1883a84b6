import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Turns } from "../../shared/asker";
import { Latest } from "../../shared/latest";
import type { Chunk } from "../../wire/Chunk";
import type { Near } from "../../wire/Near";
import type { Original } from "../../wire/Original";
import type { Shown } from "../../wire/Shown";
import type { WireError } from "../../wire/WireError";
import { Find } from "./find.svelte";

/** How many passages of a long document are read at a time. */
export const PASSAGES_AT_A_TIME = 60;
/** How many are on the page at most; those furthest away are let go. */
export const PASSAGES_MAX = 600;

/** How often, and how soon, what is similar is asked for again while it is not known. */
export const AGAIN_MAX = 20;
export const AGAIN_MS = 1_000;

/** One memory. Of a long document only a stretch around what was asked is on the page. */
export class MemoryState {
  shown = $state.raw<Shown | null>(null);
  error = $state.raw<WireError | null>(null);
  openError = $state.raw<WireError | null>(null);
  /** The passages on the page, and how many come before them. */
  chunks = $state.raw<Chunk[]>([]);
  first = $state(0);
  /** Which way more is being read. */
  reading = $state<"earlier" | "later" | null>(null);
  near = $state.raw<Near | null>(null);
  /** The passage whose original is looked at. */
  originalOf = $state<string | null>(null);
  original = $state.raw<Original | null>(null);
  originalError = $state.raw<WireError | null>(null);
  readonly find: Find;
  #latest = new Latest();
  #latestOriginal = new Latest();
  #turns = new Turns();
  #id = "";

  constructor(private readonly platform: Platform) {
    this.find = new Find(platform, () => this.shown?.id ?? "");
  }

  async load(id: string): Promise<void> {
    const isNewest = this.#latest.begin();
    const again = id === this.#id && this.shown !== null;
    if (!again) this.#forget();
    this.#id = id;
    this.error = null;
    try {
      // What was read of a document never changes; what is said about it may.
      const shown = await this.platform.call("show", again ? { id, from: this.first, limit: 1 } : { id, from: null, limit: PASSAGES_AT_A_TIME });
      if (!isNewest()) return;
      this.shown = shown;
      if (shown.kind !== "document") return;
      if (!again) {
        this.chunks = shown.chunks;
        this.first = shown.first;
      }
      void this.#look(shown.asked ?? shown.id, isNewest);
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  get total(): number {
    return this.shown?.kind === "document" ? this.shown.total : 0;
  }

  get later(): number {
    return Math.max(0, this.total - this.first - this.chunks.length);
  }

  async showEarlier(): Promise<void> {
    if (this.first === 0) return;
    const from = Math.max(0, this.first - PASSAGES_AT_A_TIME);
    const page = await this.#page("earlier", from, this.first - from);
    if (page === null) return;
    this.chunks = [...page.chunks, ...this.chunks].slice(0, PASSAGES_MAX);
    this.first = page.first;
  }

  async showLater(): Promise<void> {
    if (this.later === 0) return;
    const page = await this.#page("later", this.first + this.chunks.length, PASSAGES_AT_A_TIME);
    if (page === null) return;
    const all = [...this.chunks, ...page.chunks];
    const over = Math.max(0, all.length - PASSAGES_MAX);
    this.chunks = all.slice(over);
    this.first += over;
  }

  /** Brings the passage at this place in the document onto the page. */
  async bring(ordinal: number): Promise<boolean> {
    if (ordinal >= this.first && ordinal < this.first + this.chunks.length) return true;
    const page = await this.#page("later", Math.max(0, ordinal - PASSAGES_AT_A_TIME / 2), PASSAGES_AT_A_TIME);
    if (page === null) return false;
    this.chunks = page.chunks;
    this.first = page.first;
    return true;
  }

  openOriginal(): Promise<void> {
    return this.#outside(({ id }) => this.platform.openOriginal(id));
  }

  showOriginalInFolder(): Promise<void> {
    return this.#outside(({ id }) => this.platform.showOriginal(id));
  }

  /** Looks into the file as it is now. */
  async lookAtOriginal(chunk: string): Promise<void> {
    const isNewest = this.#latestOriginal.begin();
    this.originalOf = chunk;
    this.original = null;
    this.originalError = null;
    try {
      const original = await this.platform.call("original", { id: chunk });
      if (isNewest()) this.original = original;
    } catch (thrown) {
      if (isNewest()) this.originalError = toWireError(thrown);
    }
  }

  closeOriginal(): void {
    this.#latestOriginal.begin();
    this.originalOf = null;
  }

  get dialogOpen(): boolean {
    return this.originalOf !== null;
  }

  /** What stands near a document comes after the document, which can be read without it. */
  async #look(id: string, isNewest: () => boolean, again = 0): Promise<void> {
    try {
      const near = await this.platform.call("near", { id, asker: this.#turns.next() });
      if (!isNewest()) return;
      this.near = near;
      if (near.similar_by === "to_come" && again < AGAIN_MAX) {
        setTimeout(() => void (isNewest() && this.#look(id, isNewest, again + 1)), AGAIN_MS);
      }
    } catch {
      // What was known of it before stays.
    }
  }

  async #page(which: "earlier" | "later", from: number, limit: number): Promise<Extract<Shown, { kind: "document" }> | null> {
    if (this.reading !== null || this.shown === null) return null;
    const { id } = this.shown;
    this.reading = which;
    try {
      const page = await this.platform.call("show", { id, from, limit });
      if (this.shown?.id !== id || page.kind !== "document") return null;
      return page;
    } catch (thrown) {
      if (this.shown?.id === id) this.openError = toWireError(thrown);
      return null;
    } finally {
      if (this.shown?.id === id) this.reading = null;
    }
  }

  async #outside(open: (shown: Shown) => Promise<void>): Promise<void> {
    if (this.shown === null) return;
    try {
      this.openError = null;
      await open(this.shown);
    } catch (thrown) {
      this.openError = toWireError(thrown);
    }
  }

  #forget(): void {
    this.shown = null;
    this.openError = null;
    this.chunks = [];
    this.first = 0;
    this.near = null;
    this.reading = null;
    this.closeOriginal();
    this.find.close();
  }
}

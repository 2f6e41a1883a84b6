import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Turns } from "../../shared/asker";
import { Latest } from "../../shared/latest";
import type { FoundInDocument } from "../../wire/FoundInDocument";
import type { Span } from "../../wire/Span";
import type { WireError } from "../../wire/WireError";

/** How long to wait for the next letter. */
export const FIND_MS = 150;

/** A place where the letters stand. */
export interface FoundPlace {
  chunk: string;
  ordinal: number;
  span: Span;
}

/** Finding in one document, across passages that need not be on the page. */
export class Find {
  open = $state(false);
  letters = $state("");
  found = $state.raw<FoundInDocument | null>(null);
  error = $state.raw<WireError | null>(null);
  /** The place that is gone to, among all. */
  at = $state(0);
  #latest = new Latest();
  #turns = new Turns();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly platform: Platform,
    private readonly document: () => string,
  ) {}

  places: FoundPlace[] = $derived(
    (this.found?.passages ?? []).flatMap(({ chunk, ordinal, places }) => places.map((span) => ({ chunk, ordinal, span }))),
  );

  get current(): FoundPlace | null {
    return this.places[this.at] ?? null;
  }

  /** Where the letters stand in one passage. */
  spansOf(chunk: string): Span[] {
    return this.found?.passages.find((one) => one.chunk === chunk)?.places ?? [];
  }

  /** The letters have changed; looks when no other follows. `from` is the place in the document to begin at. */
  type(letters: string, from: number): void {
    this.letters = letters;
    clearTimeout(this.#timer);
    if (letters.trim() === "") {
      this.#latest.begin();
      this.found = null;
      this.error = null;
      return;
    }
    this.#timer = setTimeout(() => void this.#look(from), FIND_MS);
  }

  step(by: 1 | -1): void {
    const { length } = this.places;
    if (length > 0) this.at = (this.at + by + length) % length;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#latest.begin();
    this.open = false;
    this.letters = "";
    this.found = null;
    this.error = null;
    this.at = 0;
  }

  async #look(from: number): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const found = await this.platform.call("find_in_document", { id: this.document(), letters: this.letters, asker: this.#turns.next() });
      if (!isNewest()) return;
      this.found = found;
      this.error = null;
      this.at = Math.max(0, this.places.findIndex(({ ordinal }) => ordinal >= from));
    } catch (thrown) {
      const error = toWireError(thrown);
      if (isNewest() && error.code !== "cancelled") this.error = error;
    }
  }
}

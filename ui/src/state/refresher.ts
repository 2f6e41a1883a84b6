/** A view is read again at most this often: four times a second. */
const APART_MS = 250;

/** Turns a stream of news into few readings of a view: at once, then not too often, not while nobody can see it, and the last always. */
export class Refresher {
  #last = -Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #reading = false;
  #wanted = false;

  constructor(
    private readonly read: () => Promise<void>,
    private readonly now: () => number = () => performance.now(),
    private readonly hidden: () => boolean = () => document.visibilityState === "hidden",
  ) {}

  want(): void {
    this.#wanted = true;
    this.#next();
  }

  /** It can be seen again: what was missed meanwhile is read once. */
  shown(): void {
    if (this.#wanted) this.#next();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted = false;
  }

  #next(): void {
    if (!this.#wanted || this.#reading || this.#timer !== null || this.hidden()) return;
    const wait = this.#last + APART_MS - this.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#next();
      }, wait);
      return;
    }
    void this.#readNow();
  }

  async #readNow(): Promise<void> {
    this.#wanted = false;
    this.#reading = true;
    this.#last = this.now();
    await this.read();
    this.#reading = false;
    this.#next();
  }
}

/** How long to gather news of a changed memory before what is visible is read again. */
const QUIET_MS = 400;
/** How long news may be gathered at most while it keeps coming. */
const GATHER_MS_MAX = 2000;

/** Turns a stream of "the memory changed" into few readings of what is visible. */
export class Changes {
  /** Grows once for each gathered piece of news. */
  revision = $state(0);
  #timer: ReturnType<typeof setTimeout> | null = null;
  #first = 0;
  #seq = -1;

  #missed = false;

  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly hidden: () => boolean = () => document.visibilityState === "hidden",
  ) {}

  heard(seq: number): void {
    if (seq <= this.#seq) return;
    this.#seq = seq;
    if (this.#timer === null) this.#first = this.now();
    else clearTimeout(this.#timer);
    const left = Math.max(0, this.#first + GATHER_MS_MAX - this.now());
    this.#timer = setTimeout(() => this.#tell(), Math.min(QUIET_MS, left));
  }

  /** It can be seen again. True when something had changed meanwhile, which is then told once. */
  shown(): boolean {
    const missed = this.#missed;
    this.#missed = false;
    if (missed) this.revision += 1;
    return missed;
  }

  /** The memory was closed and opened again, and counts anew. */
  renew(): void {
    this.#seq = -1;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #tell(): void {
    this.#timer = null;
    if (this.hidden()) this.#missed = true;
    else this.revision += 1;
  }
}

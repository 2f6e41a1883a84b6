/** How long a notice stays. It is said as well, so nothing is lost with it. */
const SHOWN_MS = 3000;

/** A line about something that was done without a place on the page to show it. */
export class Notice {
  text = $state<string | null>(null);
  /** Was it done? */
  ok = $state(true);
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(text: string, ok: boolean): void {
    this.text = text;
    this.ok = ok;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.text = null), SHOWN_MS);
  }
}

/** How long the same stream of news stays quiet after it spoke. */
const PAUSE_MS = 5000;

/** What a screen reader is told, politely and not too often. */
export class Announcer {
  text = $state("");
  #spoke = -Infinity;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Says it at once: an end, an answer, a failure. */
  say(text: string): void {
    this.text = text;
    this.#spoke = this.now();
  }

  /** Says it unless something was said just now: one more step of long work. */
  mention(text: string): void {
    if (this.now() - this.#spoke >= PAUSE_MS) this.say(text);
  }
}

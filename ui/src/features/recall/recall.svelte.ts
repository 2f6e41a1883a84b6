import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { Answer } from "../../wire/Answer";
import type { WireError } from "../../wire/WireError";

export interface Asked {
  question: string;
  source: string;
  from: string;
  to: string;
}

const same = (a: Asked, b: Asked): boolean =>
  a.question === b.question && a.source === b.source && a.from === b.from && a.to === b.to;

/** One question and its answer. It outlives its place, so coming back shows the same answer. */
export class RecallState {
  asked = $state.raw<Asked | null>(null);
  answer = $state.raw<Answer | null>(null);
  error = $state.raw<WireError | null>(null);
  busy = $state(false);
  /** The memory's revision when the answer was given. */
  answeredAt = $state(0);
  /** The passage that was opened last: coming back, it has the focus again. */
  opened: string | null = null;
  #latest = new Latest();

  constructor(
    private readonly platform: Platform,
    private readonly revision: () => number = () => 0,
  ) {}

  /** Asks what the address says, unless that is what the answer on the page is for. */
  async follow(asked: Asked): Promise<void> {
    if (asked.question.trim() === "") return this.#clear();
    if (this.asked !== null && same(this.asked, asked) && this.error === null) return;
    await this.ask(asked);
  }

  async ask(asked: Asked): Promise<void> {
    const question = asked.question.trim();
    if (question === "") return;
    const isNewest = this.#latest.begin();
    this.asked = asked;
    this.busy = true;
    this.error = null;
    const revision = this.revision();
    try {
      const answer = await this.platform.call("recall", {
        question,
        limit: null,
        source: asked.source || null,
        author: null,
        from: asked.from || null,
        to: asked.to || null,
      });
      if (!isNewest()) return;
      this.answer = answer;
      this.answeredAt = revision;
      this.opened = null;
    } catch (thrown) {
      if (!isNewest()) return;
      this.answer = null;
      this.error = toWireError(thrown);
    }
    this.busy = false;
  }

  #clear(): void {
    this.#latest.begin();
    this.asked = null;
    this.answer = null;
    this.error = null;
    this.busy = false;
  }
}

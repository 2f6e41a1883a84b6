import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Turns } from "../../shared/asker";
import { Latest } from "../../shared/latest";
import { noFilters, type Filters } from "../../shared/route";
import type { Answer } from "../../wire/Answer";
import type { MemoryKind } from "../../wire/MemoryKind";
import type { Question } from "../../wire/Question";
import type { TagCount } from "../../wire/TagCount";
import type { Why } from "../../wire/Why";
import type { WireError } from "../../wire/WireError";
import type { Written } from "../../wire/Written";

export interface Asked extends Filters {
  question: string;
}

const same = (a: Asked, b: Asked): boolean => (Object.keys(a) as (keyof Asked)[]).every((key) => a[key] === b[key]);

/** How long to wait for the next letter. */
export const TYPING_MS = 150;

/** How long to wait for what a question means, when the model was not loaded yet. */
export const MEANING_MS = 1_000;
/** A model that never comes is not waited for. */
export const AGAIN_MAX = 20;

/** Scripts in which one character can be a word. */
const whole = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Is there enough to be looked for while it is being written? */
export const isEnough = (text: string): boolean => [...text.trim()].length >= 2 || whole.test(text);

const kinds: Record<string, MemoryKind> = { document: "document", note: "note", conversation: "conversation" };

/** One question and its answer. It outlives its place, so coming back shows the same answer. */
export class RecallState {
  asked = $state.raw<Asked | null>(null);
  answer = $state.raw<Answer | null>(null);
  error = $state.raw<WireError | null>(null);
  busy = $state(false);
  /** What can be chosen among. */
  tags = $state.raw<TagCount[]>([]);
  /** The memory's revision when the answer was given. */
  answeredAt = $state(0);
  /** The passage that was opened last: coming back, it has the focus again. */
  opened: string | null = null;
  /** What a model has written of it, if it was asked to. */
  written = $state.raw<Written | null>(null);
  notWritten = $state.raw<WireError | null>(null);
  writing = $state(false);
  #latest = new Latest();
  #turns = new Turns();
  #newestWritten = new Latest();
  #writers = new Turns();
  #answered: Asked | null = null;
  #typing: ReturnType<typeof setTimeout> | undefined;
  /** What was typed last and is shown by an address that the next letter may replace. */
  #draft: Asked | null = null;

  constructor(
    private readonly platform: Platform,
    private readonly revision: () => number = () => 0,
  ) {}

  /** What stands in the box has changed. `show` puts it into the address, once no letter follows. */
  type(asked: Asked, show: (asked: Asked, replace: boolean) => void): void {
    clearTimeout(this.#typing);
    if (asked.question.trim() !== "" && !isEnough(asked.question)) return;
    this.#typing = setTimeout(() => this.#show(asked, show), TYPING_MS);
  }

  /** The question is meant as it stands: it becomes an entry of the history of its own. */
  settle(asked: Asked, show: (asked: Asked, replace: boolean) => void): void {
    clearTimeout(this.#typing);
    this.#show(asked, show);
    this.#draft = null;
  }

  /** The place is entered anew: what was typed before is an entry of the history like others. */
  enter(): void {
    clearTimeout(this.#typing);
    this.#draft = null;
    // Without an answer there is nothing to choose, and everything else works.
    this.platform.call("tags", {}).then((tags) => (this.tags = tags), () => {});
  }

  /** Is the address what was typed here? Then the box is ahead of it, not behind. */
  isDraft(asked: Asked): boolean {
    return this.#draft !== null && same(this.#draft, asked);
  }

  /** Asks what the address says, unless that is what the answer on the page is for. */
  async follow(asked: Asked): Promise<void> {
    if (!this.isDraft(asked)) {
      clearTimeout(this.#typing);
      this.#draft = null;
    }
    if (asked.question.trim() === "") return this.#clear();
    if (this.asked !== null && same(this.asked, asked) && this.error === null) return;
    await this.ask(asked);
  }

  /** `again`: how often the same was asked already, since what it means was still to come. */
  async ask(asked: Asked, again = 0): Promise<void> {
    if (asked.question.trim() === "") return;
    const isNewest = this.#latest.begin();
    const typed = this.isDraft(asked);
    this.asked = asked;
    this.busy = true;
    if (!typed) this.error = null;
    if (again === 0) this.stopWriting();
    const revision = this.revision();
    try {
      const answer = await this.platform.call("recall", { ...this.#question(asked), asker: this.#turns.next() });
      if (!isNewest()) return;
      this.answer = answer;
      this.error = null;
      this.answeredAt = revision;
      if (again === 0) this.opened = null;
      this.#answered = asked;
      if (answer.meaning === "to_come" && again < AGAIN_MAX) {
        setTimeout(() => void (isNewest() && this.ask(asked, again + 1)), MEANING_MS);
      }
    } catch (thrown) {
      if (!isNewest()) return;
      const error = toWireError(thrown);
      // What was called off is asked anew, and what is being written need not be a question yet.
      if (error.code !== "cancelled" && !(typed && error.code === "usage")) {
        this.answer = null;
        this.error = error;
      }
    }
    this.busy = false;
  }

  /** Has the chosen model write an answer. */
  async write(): Promise<void> {
    if (this.#answered === null) return;
    const isNewest = this.#newestWritten.begin();
    this.writing = true;
    this.written = this.notWritten = null;
    try {
      const written = await this.platform.call("answer_write", { ...this.#question(this.#answered), typing: null, asker: this.#writers.next() });
      if (isNewest()) this.written = written;
    } catch (thrown) {
      if (isNewest()) this.notWritten = toWireError(thrown);
    }
    if (isNewest()) this.writing = false;
  }

  /** Nothing of it is shown, and nobody waits for it any more. */
  stopWriting(): void {
    this.#newestWritten.begin();
    this.written = this.notWritten = null;
    if (!this.writing) return;
    this.writing = false;
    // Whoever can't be told ends by itself.
    this.platform.call("answer_cancel", this.#writers.next()).catch(() => {});
  }

  /** Why this passage is among the answers. */
  why(chunk: string): Promise<Why> {
    const asked = this.#answered ?? { question: "", ...noFilters };
    return this.platform.call("why", { chunk, question: { ...this.#question(asked), asker: null } });
  }

  #show(asked: Asked, show: (asked: Asked, replace: boolean) => void): void {
    const replace = this.#draft !== null;
    this.#draft = asked;
    show(asked, replace);
  }

  #question({ question, source, from, to, kind, author, tag }: Asked): Omit<Question, "asker"> {
    return {
      question,
      limit: null,
      source: source || null,
      author: author || null,
      from: from || null,
      to: to || null,
      kind: kinds[kind] ?? null,
      tag: tag || null,
      // A last word without anything after it may be a beginning, whether Enter was pressed or not:
      // what was found while typing must not vanish then.
      typing: true,
    };
  }

  #clear(): void {
    this.#latest.begin();
    this.stopWriting();
    this.asked = null;
    this.answer = null;
    this.error = null;
    this.busy = false;
  }
}

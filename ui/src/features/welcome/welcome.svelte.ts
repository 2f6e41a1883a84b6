import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import { t } from "../../strings";
import type { Answer } from "../../wire/Answer";
import type { Batch } from "../../wire/Batch";
import type { WireError } from "../../wire/WireError";

const KEY = "oldgrowth.welcomed";
/** How many questions are proposed. */
const QUESTIONS_MAX = 3;
/** How many documents are looked at for a title to ask about. */
const LOOKED_AT_MAX = 12;
/** A title with more words than this is a sentence, not a subject. */
const TITLE_CHARS_MAX = 60;
/** One passage is enough to see what an answer is. */
const ANSWERS = 1;

/** What was brought in on the second step. */
export type Brought = { kind: "import"; id: string; samples: boolean } | { kind: "note"; document: string };

/** The first minutes: what this is, something to remember, and a first question. */
export class Welcome {
  brought = $state.raw<Brought | null>(null);
  questions = $state.raw<string[]>([]);
  asked = $state<string | null>(null);
  answer = $state.raw<Answer | null>(null);
  error = $state.raw<WireError | null>(null);
  busy = $state(false);
  #latest = new Latest();
  #proposing = false;

  constructor(private readonly platform: Platform) {}

  /** Was the way through, or past it, taken on this computer before? */
  get isOver(): boolean {
    return localStorage.getItem(KEY) !== null;
  }

  end(): void {
    localStorage.setItem(KEY, "yes");
  }

  bring(brought: Brought): void {
    this.brought = brought;
    this.questions = brought.kind === "import" && brought.samples ? [...t.welcome.sampleQuestions] : [];
    this.asked = null;
    this.answer = null;
    this.error = null;
    this.#latest.begin();
    if (brought.kind === "note") void this.#propose([brought.document]);
  }

  /** Proposes questions as soon as something of the import can be asked about. */
  async follow(batch: Batch): Promise<void> {
    const usable = batch.new + batch.changed + batch.unchanged;
    const more = this.questions.length < QUESTIONS_MAX && !this.#proposing;
    if (this.brought?.kind !== "import" || this.brought.id !== batch.id || usable === 0 || !more) return;
    this.#proposing = true;
    try {
      const { items } = await this.platform.call("batch_report", { id: batch.id });
      const documents = items.flatMap(({ document }) => document ?? []);
      await this.#propose(spread(documents, LOOKED_AT_MAX));
    } catch {
      // A question can be typed as well.
    }
    this.#proposing = false;
  }

  async ask(question: string): Promise<void> {
    const asked = question.trim();
    if (asked === "") return;
    const isNewest = this.#latest.begin();
    this.asked = asked;
    this.busy = true;
    this.error = null;
    try {
      const answer = await this.platform.call("recall", { question: asked, limit: ANSWERS, source: null, author: null, from: null, to: null, kind: null, tag: null, typing: null, asker: null });
      if (isNewest()) this.answer = answer;
    } catch (thrown) {
      if (!isNewest()) return;
      this.answer = null;
      this.error = toWireError(thrown);
    }
    if (isNewest()) this.busy = false;
  }

  async #propose(documents: string[]): Promise<void> {
    const titles = new Set<string>();
    for (const id of documents) {
      if (titles.size >= QUESTIONS_MAX) break;
      try {
        const { kind, ...shown } = await this.platform.call("show", { id, from: null, limit: 1 });
        if (kind === "document" && "title" in shown && shown.title !== "" && shown.title.length <= TITLE_CHARS_MAX) titles.add(shown.title);
      } catch {
        // One title less.
      }
    }
    this.questions = [...new Set([...this.questions, ...[...titles].map(t.welcome.about)])].slice(0, QUESTIONS_MAX);
  }
}

/** At most so many of these, from all over the list. */
function spread<T>(all: T[], most: number): T[] {
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(most, all.length) }, (_, index) => all[Math.floor(index * step)]).filter((one) => one !== undefined);
}

import { toWireError } from "../errors";
import type { Platform } from "../platform";
import { Latest } from "../shared/latest";
import type { ErrorCode } from "../wire/ErrorCode";
import type { FixCode } from "../wire/FixCode";
import type { FixPlan } from "../wire/FixPlan";
import type { FixProgress } from "../wire/FixProgress";
import type { FixReceipt } from "../wire/FixReceipt";
import type { WireError } from "../wire/WireError";

/**
 * How far a fix is:
 *
 *     planning ─► planned ─► applying ─► done
 *        │          ▲           ├──────► stopped
 *        └► failed ─┴───────────┴──────► failed
 */
export type FixStage =
  | { at: "planning" }
  /** `anew`: it says something else than the plan that was agreed to. */
  | { at: "planned"; plan: FixPlan; anew: boolean }
  | { at: "applying"; plan: FixPlan; progress: FixProgress | null; stopping: boolean }
  | { at: "done"; receipt: FixReceipt }
  | { at: "stopped" }
  | { at: "failed"; plan: FixPlan | null; error: WireError };

export interface Fixing {
  code: FixCode;
  stage: FixStage;
}

/** How something that was asked for has ended. */
export type FixEnd =
  | { what: "done" | "undone"; code: FixCode; receipt: FixReceipt }
  | { what: "stopped" | "failed"; code: FixCode };

/** Progress of a fix that was begun elsewhere has no end of its own: after this much silence it is over. */
const SILENT_MS_MAX = 5000;

/** What an answer may be called that refuses a plan which is no longer true. */
const outOfDate: readonly ErrorCode[] = ["busy", "usage", "not_found", "needs_person"];

/** A fix from its plan to its receipt, and the receipts of those before. What is under way goes on whatever the window shows. */
export class Fixes {
  current = $state.raw<Fixing | null>(null);
  /** The dialog with the current fix is open. */
  shown = $state(false);
  receipts = $state.raw<FixReceipt[] | null>(null);
  /** Why the receipts could not be read. */
  error = $state.raw<WireError | null>(null);
  /** The receipt that is looked at. */
  viewed = $state<string | null>(null);
  /** The receipt that a person thinks of taking back. */
  asked = $state.raw<FixReceipt | null>(null);
  /** The receipt that is being taken back. */
  undoing = $state<string | null>(null);
  undoRefused = $state.raw<{ id: string; error: WireError } | null>(null);
  /** A fix that another window or program carries out. */
  elsewhere = $state.raw<FixProgress | null>(null);
  #silence: ReturnType<typeof setTimeout> | null = null;
  /** What ended here last: its last step may be told after its answer. */
  #ended: { code: FixCode; at: number } | null = null;
  #latestPlan = new Latest();
  #latestReceipts = new Latest();

  constructor(
    private readonly platform: Platform,
    private readonly onEnd: (end: FixEnd) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get dialogOpen(): boolean {
    return this.shown || this.viewed !== null || this.asked !== null;
  }

  get underWay(): boolean {
    return this.current?.stage.at === "applying";
  }

  /** Nothing else can be begun now. */
  get busy(): boolean {
    return this.underWay || this.undoing !== null || this.elsewhere !== null;
  }

  /** Looks what a fix would do. While one is under way, that one is shown. */
  async propose(code: FixCode): Promise<void> {
    this.shown = true;
    if (this.underWay) return;
    await this.#plan(code, null);
  }

  /** Shows the fix that is under way, or how it ended. */
  show(): void {
    if (this.current !== null) this.shown = true;
  }

  /** Closes the dialog. What is under way goes on. */
  dismiss(): void {
    this.shown = false;
    if (this.underWay) return;
    this.#latestPlan.begin();
    this.current = null;
  }

  /** Carries out the plan as it was shown. */
  async confirm(): Promise<void> {
    const { current } = this;
    const plan = current?.stage.at === "planned" || current?.stage.at === "failed" ? current.stage.plan : null;
    if (current === null || plan === null || plan.nothing_to_do || this.busy) return;
    const { code } = current;
    this.current = { code, stage: { at: "applying", plan, progress: null, stopping: false } };
    try {
      this.#done(await this.platform.call("fix_apply", { code, plan: plan.id }));
    } catch (thrown) {
      const error = toWireError(thrown);
      if (error.code === "cancelled") this.#stopped(code);
      else if (outOfDate.includes(error.code)) await this.#planAnew(code, plan, error);
      else this.#failed(code, plan, error);
    }
  }

  /** Stops what is under way. It leaves everything as it was, or it had ended already. */
  async cancel(): Promise<void> {
    if (!this.#applying({ stopping: true })) return;
    try {
      await this.platform.call("fix_cancel", {});
    } catch {
      // It goes on, and says itself how it ends.
      this.#applying({ stopping: false });
    }
  }

  /** Takes a step of what is under way, from an event. */
  apply(progress: FixProgress): void {
    if (this.current?.code === progress.code && this.#applying({ progress })) return;
    if (this.undoing !== null || this.#endedJustNow(progress.code)) return;
    this.elsewhere = progress;
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.elsewhere = null;
      void this.load();
    }, SILENT_MS_MAX);
  }

  async load(): Promise<void> {
    const isNewest = this.#latestReceipts.begin();
    try {
      const receipts = await this.platform.call("receipts", {});
      if (!isNewest()) return;
      this.receipts = receipts;
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** Shows what a fix has done. */
  async view(id: string): Promise<void> {
    this.viewed = id;
    if (this.receipt(id) === null) await this.load();
  }

  receipt(id: string): FixReceipt | null {
    return this.receipts?.find((receipt) => receipt.id === id) ?? null;
  }

  /** Takes back what a fix has done; `sure` when its question has been answered. */
  async undo(receipt: FixReceipt, sure = true): Promise<void> {
    if (this.busy) return;
    if (!sure) {
      this.asked = receipt;
      return;
    }
    this.asked = null;
    this.undoing = receipt.id;
    this.undoRefused = null;
    try {
      const undone = await this.platform.call("fix_undo", { id: receipt.id });
      this.#take(undone);
      const { current } = this;
      if (current?.stage.at === "done" && current.stage.receipt.id === undone.id) {
        this.current = { code: current.code, stage: { at: "done", receipt: undone } };
      }
      this.#ends(receipt.code);
      this.onEnd({ what: "undone", code: receipt.code, receipt: undone });
    } catch (thrown) {
      this.#ends(receipt.code);
      this.undoRefused = { id: receipt.id, error: toWireError(thrown) };
    }
  }

  /** What was agreed to is not true any more: the person looks at it once more. */
  async #planAnew(code: FixCode, plan: FixPlan, error: WireError): Promise<void> {
    await this.#plan(code, { plan, error });
    if (!this.shown && this.current?.stage.at === "planned") this.onEnd({ what: "failed", code });
  }

  /** Makes the plan; `before` is the one that was agreed to and has been refused. */
  async #plan(code: FixCode, before: { plan: FixPlan; error: WireError } | null): Promise<void> {
    const isNewest = this.#latestPlan.begin();
    this.current = { code, stage: { at: "planning" } };
    try {
      const plan = await this.platform.call("fix_plan", { code });
      if (!isNewest()) return;
      // A plan that says the same was refused for another reason.
      if (before !== null && saysTheSame(plan, before.plan)) this.#failed(code, plan, before.error);
      else this.current = { code, stage: { at: "planned", plan, anew: before !== null } };
    } catch (thrown) {
      if (isNewest()) this.#failed(code, null, toWireError(thrown));
    }
  }

  #applying(part: { progress?: FixProgress; stopping?: boolean }): boolean {
    const { current } = this;
    if (current === null || current.stage.at !== "applying") return false;
    this.current = { code: current.code, stage: { ...current.stage, ...part } };
    return true;
  }

  #ends(code: FixCode): void {
    this.undoing = null;
    this.#ended = { code, at: this.now() };
  }

  #endedJustNow(code: FixCode): boolean {
    return this.#ended?.code === code && this.now() - this.#ended.at < SILENT_MS_MAX;
  }

  #done(receipt: FixReceipt): void {
    this.#ends(receipt.code);
    this.#take(receipt);
    this.current = this.shown ? { code: receipt.code, stage: { at: "done", receipt } } : null;
    this.onEnd({ what: "done", code: receipt.code, receipt });
  }

  #stopped(code: FixCode): void {
    this.#ends(code);
    this.current = this.shown ? { code, stage: { at: "stopped" } } : null;
    this.onEnd({ what: "stopped", code });
  }

  /** What was not done stays to be looked at, also where nobody saw it happen. */
  #failed(code: FixCode, plan: FixPlan | null, error: WireError): void {
    this.current = { code, stage: { at: "failed", plan, error } };
    this.onEnd({ what: "failed", code });
  }

  #take(receipt: FixReceipt): void {
    // An older answer must not take it away again.
    this.#latestReceipts.begin();
    const others = this.receipts ?? [];
    const known = others.some(({ id }) => id === receipt.id);
    this.receipts = known ? others.map((one) => (one.id === receipt.id ? receipt : one)) : [receipt, ...others];
  }
}

/** Can it still be undone? `now` is in milliseconds. */
export const canUndo = ({ undo_until, undone_at }: FixReceipt, now: number): boolean =>
  undone_at === null && undo_until !== null && Date.parse(undo_until) > now;

function saysTheSame(one: FixPlan, other: FixPlan): boolean {
  return one.summary === other.summary && one.nothing_to_do === other.nothing_to_do && one.steps.join("\n") === other.steps.join("\n");
}

import { toWireError } from "../errors";
import type { Platform } from "../platform";
import { Latest } from "../shared/latest";
import type { HeldCrashReport } from "../wire/HeldCrashReport";
import type { CrashReports } from "../wire/CrashReports";
import type { WireError } from "../wire/WireError";

/** The question whether reports may be sent: after something was of use, or about one of a failure. */
export type Ask = { about: "value" } | { about: "crash"; report: HeldCrashReport };

export type ReportsDone = "sent" | "deleted";

/** The crash reports that are held, and what the person has chosen about them. */
export class ReportsState {
  reports = $state.raw<CrashReports | null>(null);
  error = $state.raw<WireError | null>(null);
  /** Why what was asked for last could not be done: a choice, or something about a held report. */
  failure = $state.raw<{ of: "choice" | "held"; error: WireError } | null>(null);
  busy = $state(false);
  /** The report whose text is shown; the example has no id. */
  seen = $state.raw<{ id: string | null; envelope: string } | null>(null);
  removingAll = $state(false);
  ask = $state.raw<Ask | null>(null);
  #latest = new Latest();

  constructor(
    private readonly platform: Platform,
    private readonly onDone: (done: ReportsDone) => void,
    private readonly onFailed: () => void = () => {},
  ) {}

  get dialogOpen(): boolean {
    return this.seen !== null || this.removingAll;
  }

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const reports = await this.platform.call("crash_reports", {});
      if (!isNewest()) return;
      this.reports = reports;
      this.error = null;
      // Answered elsewhere.
      if (reports.consent !== "unasked") this.ask = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** Asks whether reports may be sent, if there is a reason to and nobody has said no. A question is asked once. */
  consider(wasOfUse: boolean): void {
    const { reports } = this;
    // Where none could be sent there is nothing to ask.
    if (reports === null || this.ask !== null || reports.consent !== "unasked" || reports.host === null) return;
    const report = reports.held.find(({ asked }) => !asked);
    if (report !== undefined) this.ask = { about: "crash", report };
    else if (wasOfUse && !reports.asked) this.ask = { about: "value" };
    if (this.ask !== null) void this.#quietly();
  }

  /** Puts the question away without an answer. */
  later(): void {
    this.ask = null;
  }

  async choose(on: boolean): Promise<void> {
    this.ask = null;
    await this.#work("choice", null, () => this.platform.call("crash_reports_consent", { on }));
  }

  async send(id: string): Promise<void> {
    if (this.ask?.about === "crash" && this.ask.report.id === id) this.ask = null;
    await this.#work("held", "sent", () => this.platform.call("crash_report_send", { id }));
    // What the server said of it is written down with it.
    if (this.failure === null) return;
    this.onFailed();
    await this.load();
  }

  async remove(id: string): Promise<void> {
    await this.#work("held", "deleted", () => this.platform.call("crash_report_delete", { id }));
  }

  async removeAll(): Promise<void> {
    this.removingAll = false;
    await this.#work("held", "deleted", () => this.platform.call("crash_reports_delete_all", {}));
  }

  /** That it was shown is kept, so that it is not shown again. */
  async #quietly(): Promise<void> {
    try {
      this.reports = await this.platform.call("crash_reports_asked", {});
    } catch {
      // Then it may be asked once more.
    }
  }

  async #work(of: "choice" | "held", done: ReportsDone | null, work: () => Promise<CrashReports>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = null;
    try {
      this.reports = await work();
      if (done !== null) this.onDone(done);
    } catch (thrown) {
      this.failure = { of, error: toWireError(thrown) };
    }
    this.busy = false;
  }
}

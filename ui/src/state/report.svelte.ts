import { toWireError } from "../errors";
import type { Platform } from "../platform";
import { Latest } from "../shared/latest";
import type { Report } from "../wire/Report";
import type { WireError } from "../wire/WireError";

export const reportForms = ["text", "json"] as const;
export type ReportForm = (typeof reportForms)[number];

/** The report to hand on, as it is looked over before it is copied. */
export class ReportState {
  open = $state(false);
  /** Names of files and folders are in it. Each time it is opened they are not. */
  names = $state(false);
  form = $state<ReportForm>("text");
  report = $state.raw<Report | null>(null);
  error = $state.raw<WireError | null>(null);
  #latest = new Latest();

  constructor(private readonly platform: Platform) {}

  show(): Promise<void> {
    this.open = true;
    this.names = false;
    return this.load();
  }

  dismiss(): void {
    this.#latest.begin();
    this.open = false;
    this.report = null;
    this.error = null;
  }

  setNames(names: boolean): Promise<void> {
    this.names = names;
    return this.load();
  }

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    // What is shown must not say more than what was chosen.
    this.report = null;
    this.error = null;
    try {
      const report = await this.platform.call("report", { names: this.names });
      if (isNewest()) this.report = report;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** What is shown is what is copied. */
  get content(): string {
    const { report } = this;
    return report === null ? "" : this.form === "text" ? report.text : report.json;
  }
}

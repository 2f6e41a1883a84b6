import { t } from "../../strings";
import type { HeldCrashReport } from "../../wire/HeldCrashReport";
import type { CrashReports } from "../../wire/CrashReports";

/** What failed, in plain words. */
export const whatFailed = (report: HeldCrashReport): string => t.privacy.what[report.class] ?? t.privacy.other;

/** What a held report waits for. */
export function waitsFor(report: HeldCrashReport, reports: CrashReports): string {
  if (report.refused !== null) return t.privacy.waits.refused(report.refused);
  if (reports.host === null) return t.privacy.waits.here;
  if (reports.consent === "yes" && reports.offline) return t.privacy.waits.offline;
  return reports.consent === "yes" ? t.privacy.waits.network : t.privacy.waits.consent;
}

/** The lines of an envelope, each spread out; what can't be spread is shown as it is. */
export function spreadOut(envelope: string): string {
  const lines = envelope.split("\n").filter((line) => line !== "");
  return lines
    .map((line) => {
      try {
        return JSON.stringify(JSON.parse(line), null, 2);
      } catch {
        return line;
      }
    })
    .join("\n\n");
}

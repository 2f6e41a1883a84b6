import { tildeAll } from "../../shared/format";
import { t } from "../../strings";
import type { Status } from "../../wire/Status";

/** The health of everything as text to hand on: for a person first, then the same for a program. */
export function healthReport(status: Status): string {
  const lines = status.components.map(({ code, state, cause, since, next }) => {
    const row = `- ${t.doctor.codes[code]}: ${t.states[state]} (${since})\n  ${cause}`;
    return next === null ? row : `${row}\n  ${t.doctor.next}: ${next}`;
  });
  const text = [t.doctor.report, "", status.headline, "", ...lines, "", JSON.stringify(status, null, 2), ""].join("\n");
  return tildeAll(text);
}

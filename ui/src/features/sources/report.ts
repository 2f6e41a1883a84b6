import { tildeAll } from "../../shared/format";
import { t } from "../../strings";
import type { BatchReport } from "../../wire/BatchReport";

/** An import's report as text to keep or hand on. */
export function reportText({ batch, reasons, items, items_left_out }: BatchReport): string {
  const outcomes = (["new", "changed", "unchanged", "skipped", "failed", "cancelled"] as const).map(
    (outcome) => `${t.batch.outcomes[outcome]}: ${batch[outcome]}`,
  );
  const why = reasons.map(({ items: count, message, hint }) =>
    hint === null ? `- ${t.counted.files(count)}: ${message}` : `- ${t.counted.files(count)}: ${message}. ${hint}`,
  );
  const files = items.map(({ path, outcome, message }) =>
    message === null ? `${t.batch.outcomes[outcome]}\t${path}` : `${t.batch.outcomes[outcome]}\t${path}\t${message}`,
  );
  return tildeAll(
    [
      `${t.batch.title}: ${batch.label} (${t.batch.states[batch.state]})`,
      `${t.batch.started}: ${batch.created_at}`,
      ...(batch.ended_at === null ? [] : [`${t.batch.ended}: ${batch.ended_at}`]),
      "",
      ...outcomes,
      ...(why.length > 0 ? ["", t.batch.reasons, ...why] : []),
      "",
      t.batch.items,
      ...files,
      ...(items_left_out > 0 ? [t.batch.leftOut(items_left_out)] : []),
      "",
    ].join("\n"),
  );
}

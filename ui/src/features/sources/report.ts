import { tildeAll } from "../../shared/format";
import { t } from "../../strings";
import { countedOf, unitOf } from "../../shared/units";
import type { BatchReport } from "../../wire/BatchReport";

/** An import's report as text to keep or hand on. */
export function reportText({ batch, reasons, items, items_left_out, items_pruned, no_longer_there }: BatchReport): string {
  const outcomes = (["new", "changed", "unchanged", "skipped", "failed", "cancelled"] as const).map(
    (outcome) => `${t.batch.outcomes[outcome]}: ${batch[outcome]}`,
  );
  const why = reasons.map(({ items: count, message, hint }) =>
    hint === null ? `- ${countedOf(batch, count)}: ${message}` : `- ${countedOf(batch, count)}: ${message}. ${hint}`,
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
      ...(no_longer_there === null ? [] : [`${t.batch.noLongerThere}: ${no_longer_there}`]),
      ...(why.length > 0 ? ["", t.batch.reasons, ...why] : []),
      "",
      t.batch.items[unitOf(batch)],
      ...files,
      ...(items_left_out > 0 ? [t.batch.leftOut(countedOf(batch, items_left_out))] : []),
      ...(items_pruned > 0 ? [t.batch.pruned(countedOf(batch, items_pruned))] : []),
      "",
    ].join("\n"),
  );
}

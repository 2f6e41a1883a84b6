import { t } from "../strings";
import type { Batch } from "../wire/Batch";
import type { ImportPlan } from "../wire/ImportPlan";

export type Unit = "files" | "conversations" | "items";

/** What an import counts: files, the conversations in an export, or some of both. */
export function unitOf({ total, conversations }: Pick<Batch, "total" | "conversations">): Unit {
  if (conversations === 0) return "files";
  return conversations === total ? "conversations" : "items";
}

/** So many of what an import counts. */
export const countedOf = (batch: Pick<Batch, "total" | "conversations">, count: number): string =>
  t.counted[unitOf(batch)](count);

/** "312 conversations, 4 files". */
export function contentsOf({ formats }: ImportPlan): string {
  const sum = (conversations: boolean): number =>
    formats.filter((format) => format.conversations === conversations).reduce((total, { items }) => total + items, 0);
  return t.plan.of(sum(false), sum(true));
}

import type { Batch } from "../../wire/Batch";
import type { BatchItem } from "../../wire/BatchItem";
import type { BatchReport } from "../../wire/BatchReport";
import type { ImportPlan } from "../../wire/ImportPlan";

export const TOTAL = 642;
const BYTES = 48_200_000;

const ended: Batch = {
  id: "imp-2",
  label: "Notes",
  state: "failed",
  cause: "named",
  created_at: "2026-11-18T09:12:31Z",
  ended_at: "2026-11-18T09:12:44Z",
  total: 324,
  conversations: 0,
  ended: 324,
  new: 306,
  changed: 5,
  unchanged: 3,
  skipped: 8,
  failed: 2,
  cancelled: 0,
  reason: "may not be opened",
  bytes_total: 3_412_000,
  bytes_ended: 3_412_000,
  rate: null,
  paused: false,
  eta_seconds: null,
};

export const pastBatches: Batch[] = [
  ended,
  {
    ...ended,
    id: "imp-1",
    label: "Field journal",
    state: "done",
    created_at: "2026-11-17T20:03:10Z",
    ended_at: "2026-11-17T20:03:16Z",
    total: 167,
    ended: 167,
    new: 167,
    changed: 0,
    unchanged: 0,
    skipped: 0,
    failed: 0,
    reason: null,
    bytes_total: 902_000,
    bytes_ended: 902_000,
  },
];

export const plan: ImportPlan = {
  items: TOTAL,
  conversations: 0,
  bytes: BYTES,
  formats: [
    { name: "Markdown", conversations: false, items: 511 },
    { name: "HTML", conversations: false, items: 88 },
    { name: "Plain text", conversations: false, items: 43 },
  ],
  oldest: "2014-02-11T18:22:09Z",
  newest: "2026-11-20T21:40:51Z",
  skipped: [
    { reason: "unknown_format", message: "not a kind of file that can be read yet", hint: "Pictures, sound and programs are passed over.", items: 27 },
    { reason: "too_large", message: "larger than 64 MB", hint: "Split the file and import the parts.", items: 1 },
    { reason: "empty", message: "empty", hint: null, items: 3 },
  ],
  known: { new: 318, changed: 5, unchanged: 319 },
  skipped_examples: [
    { path: "/home/ada/Documents/Notes/house/plan.dwg", reason: "unknown_format", message: "not a kind of file that can be read yet" },
    { path: "/home/ada/Documents/Notes/archive/mails-2009-to-2018.txt", reason: "too_large", message: "larger than 64 MB" },
    { path: "/home/ada/Documents/Notes/untitled.md", reason: "empty", message: "empty" },
  ],
};

export const emptyPlan: ImportPlan = { ...plan, items: 0, bytes: 0, formats: [], oldest: null, newest: null, known: null };

export const exportPlan: ImportPlan = {
  ...plan,
  items: 316,
  conversations: 312,
  bytes: 21_400_000,
  formats: [
    { name: "ChatGPT conversations", conversations: true, items: 312 },
    { name: "Markdown", conversations: false, items: 4 },
  ],
  skipped: [{ reason: "beside_conversations", message: "beside the conversations in an export", hint: null, items: 18 }],
  skipped_examples: [],
  known: { new: 316, changed: 0, unchanged: 0 },
};

/** What watching brings: many imports of one or two files. */
export const watchedBatches: Batch[] = Array.from({ length: 7 }, (_, index) => ({
  ...ended,
  id: `imp-watch-${index}`,
  label: "Notes",
  state: "done" as const,
  cause: "folder" as const,
  created_at: `2026-11-2${index % 2}T0${8 - index}:12:31Z`,
  ended_at: `2026-11-2${index % 2}T0${8 - index}:12:32Z`,
  total: 1 + (index % 2),
  ended: 1 + (index % 2),
  new: index % 2,
  changed: 1,
  unchanged: 0,
  skipped: 0,
  failed: 0,
  reason: null,
}));

export function begun(id: string, label: string): Batch {
  return {
    ...ended,
    id,
    label,
    state: "running",
    created_at: new Date().toISOString(),
    ended_at: null,
    total: TOTAL,
    ended: 0,
    new: 0,
    changed: 0,
    unchanged: 0,
    skipped: 0,
    failed: 0,
    reason: null,
    bytes_total: BYTES,
    bytes_ended: 0,
  };
}

/** The import as it stands when `done` of its items have come to an end. */
export function progressed(batch: Batch, done: number, perSecond: number): Batch {
  const end = Math.min(done, batch.total);
  const failed = end > 400 ? 2 : 0;
  const skipped = Math.min(31, Math.floor(end / 20));
  const over = end === batch.total;
  return {
    ...batch,
    state: over ? "failed" : "running",
    ended: end,
    new: end - failed - skipped,
    skipped,
    failed,
    reason: failed > 0 ? "may not be opened" : null,
    bytes_ended: Math.round((batch.bytes_total * end) / batch.total),
    rate: over || end < 20 ? null : perSecond,
    eta_seconds: over || end < 20 ? null : Math.ceil((batch.total - end) / perSecond),
    ended_at: over ? new Date().toISOString() : null,
  };
}

const items: BatchItem[] = [
  { path: "/home/ada/Documents/Notes/private/diary-2019.md", outcome: "failed", message: "may not be opened. Change its permissions, then retry.", document: null },
  { path: "/home/ada/Documents/Notes/inbox/today.md", outcome: "failed", message: "changed while it was being read. Retry when it is saved.", document: null },
  { path: "/home/ada/Documents/Notes/house/plan.dwg", outcome: "skipped", message: "not a kind of file that can be read yet", document: null },
  { path: "/home/ada/Documents/Notes/untitled.md", outcome: "skipped", message: "empty", document: null },
  { path: "/home/ada/Documents/Notes/calls/forester.txt", outcome: "new", message: null, document: "doc-forester" },
  { path: "/home/ada/Documents/Notes/house/roof.md", outcome: "changed", message: null, document: "doc-roof" },
  { path: "/home/ada/Documents/Notes/reading/old-forests.html", outcome: "new", message: "read as Windows-1252", document: "doc-reading" },
  { path: "/home/ada/Documents/Notes/travel/kyoto.md", outcome: "unchanged", message: null, document: "doc-kyoto" },
];

export function report(batch: Batch): BatchReport {
  const clean = batch.failed === 0 && batch.skipped === 0;
  return {
    batch,
    reasons: clean
      ? []
      : [
          { reason: "permission", message: "may not be opened", hint: "Change their permissions, then retry.", items: 1 },
          { reason: "changed_while_reading", message: "changed while being read", hint: "Retry when they are saved.", items: 1 },
          { reason: "unknown_format", message: "not a kind of file that can be read yet", hint: null, items: 5 },
          { reason: "empty", message: "empty", hint: null, items: 3 },
        ],
    items: clean ? items.filter(({ outcome }) => outcome === "new") : items,
    no_longer_there: batch.cause === "again" ? 2 : null,
    items_left_out: Math.max(0, batch.total - items.length),
    items_pruned: 0,
  };
}

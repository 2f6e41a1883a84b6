import type { Component } from "../../wire/Component";
import type { Status } from "../../wire/Status";

const since = "2026-11-20T07:31:12Z";
const workspace = "/home/ada/.local/share/oldgrowth/default";

const well: Component[] = [
  { code: "store", state: "ok", cause: "Open, last written a moment ago.", since, next: null },
  { code: "sidecars", state: "ok", cause: "All companion files are as they should be.", since, next: null },
  { code: "space", state: "ok", cause: "212 GB free; this memory uses 48 MB.", since, next: null },
  { code: "jobs", state: "ok", cause: "Nothing is waiting.", since, next: null },
  { code: "coverage", state: "ok", cause: "612 passages, all searchable, 598 in the tree.", since, next: null },
  { code: "long_reads", state: "ok", cause: "No long read is under way; 2 may be at once.", since, next: null },
  { code: "sqlite", state: "ok", cause: "SQLite 3.54.0 keeps the memory.", since, next: null },
  { code: "backup", state: "ok", cause: "The newest backup is of yesterday.", since, next: null },
  { code: "kept_aside", state: "ok", cause: "Nothing is kept aside.", since, next: null },
  { code: "watched_folders", state: "ok", cause: "No folder is watched.", since, next: null },
];

const noReads = { reserved: 0, cap: 2, near_cap: false, waiting: 0, oldest_ms: null, blocked: false };

function status(headline: string, changes: Component[], seq: number): Status {
  const components = well.map((row) => changes.find(({ code }) => code === row.code) ?? row);
  const worst = (["fail", "warn", "unknown"] as const).find((state) => components.some((row) => row.state === state));
  return { headline, state: worst ?? "ok", components, reservations: noReads, seq, workspace };
}

export const healthy = status("Everything works. 612 passages from 3 sources.", [], 4);

export const emptyHealthy = status(
  "Everything works. Nothing is remembered yet.",
  [
    { code: "coverage", state: "ok", cause: "No passages yet.", since, next: null },
    { code: "space", state: "ok", cause: "212 GB free; this memory uses 96 KB.", since, next: null },
  ],
  2,
);

export const attention = status(
  "Two files could not be read; everything else works.",
  [
    {
      code: "jobs",
      state: "warn",
      cause: "2 files of the import of Notes could not be read: 1 may not be opened, 1 changed while it was read.",
      since: "2026-11-20T08:02:00Z",
      next: "Open the import on the Sources place to see them, then choose Retry failed.",
    },
    { code: "sidecars", state: "unknown", cause: "Not looked at since the start.", since, next: null },
  ],
  7,
);

export const folderGone = status(
  "The watched folder “Notes” is not there, or empty.",
  [
    {
      code: "watched_folders",
      state: "warn",
      cause: "The watched folder “Notes” is not there, or empty.",
      since,
      next: "What is remembered of it stays. Plug its disk in or put it back, and reading goes on by itself.",
    },
  ],
  9,
);

export const failing = status(
  "The memory can’t be opened; nothing is lost.",
  [
    {
      code: "store",
      state: "fail",
      cause: "The disk answered with an error three times in a row, so reading was paused.",
      since: "2026-11-20T08:14:31Z",
      next: "It is tried again every 30 seconds by itself. If the folder is on a removable disk, check that it is connected.",
    },
    { code: "jobs", state: "warn", cause: "3 files wait for the memory store.", since, next: "They go on by themselves as soon as the store opens." },
    { code: "coverage", state: "unknown", cause: "Can’t be counted while the store is closed.", since, next: null },
  ],
  9,
);

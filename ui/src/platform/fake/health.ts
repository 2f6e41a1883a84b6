import type { Component } from "../../wire/Component";
import type { ComponentCode } from "../../wire/ComponentCode";
import type { ComponentGroup } from "../../wire/ComponentGroup";
import type { Evidence } from "../../wire/Evidence";
import type { HealthState } from "../../wire/HealthState";

export const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
const DAY = 86_400;

export const workspace = "/home/ada/.local/share/oldgrowth/default";

export const seen = (label: string, value: string, redacted: string | null = null): Evidence => ({ label, value, redacted });

function well(code: ComponentCode, group: ComponentGroup, cause: string, took_ms: number, part: Partial<Component> = {}): Component {
  return {
    code,
    state: "ok",
    cause,
    since: ago(9 * DAY),
    next: null,
    group,
    on_demand: false,
    last_ok: ago(140),
    checked_at: ago(140),
    took_ms,
    running: false,
    waits_for: null,
    evidence: [],
    fixes: [],
    ...part,
  };
}

const never: Partial<Component> = { state: "unknown", on_demand: true, last_ok: null, checked_at: null, took_ms: null };

export const allWell = (): Component[] => [
  well("store", "store", "Open, last written a moment ago.", 1, { evidence: [seen("Folder", workspace, "~/…"), seen("Answered in", "0.4 ms")] }),
  well("sidecars", "store", "The files beside the memory are as they should be.", 0),
  well("integrity", "store", "Every page of the memory reads as it should.", 2410, {
    on_demand: true,
    checked_at: ago(3 * DAY),
    last_ok: ago(3 * DAY),
    evidence: [seen("Pages read", "11,720"), seen("Indexes read", "14")],
  }),
  well("orphans", "store", "Not looked at yet.", 0, never),
  well("space", "store", "The memory takes 48 MB; 212 GB are free.", 0, { evidence: [seen("Free", "212 GB"), seen("Taken in 30 days", "9.2 MB")] }),
  well("long_reads", "store", "No long read is under way; 2 may be at once.", 0),
  well("place", "store", "The memory lies on a disk of this computer.", 1),
  well("coverage", "index", "612 passages from 3 sources, all searchable and in the tree.", 38, {
    evidence: [seen("Passages", "612"), seen("Searchable", "612"), seen("In the tree", "598")],
  }),
  well("round_trip", "index", "Not looked at yet.", 0, never),
  well("tree", "index", "Nothing waits for a summary.", 4),
  well("faithful", "index", "Each of 411 sentences stands in its sources.", 5230, { on_demand: true, checked_at: ago(3 * DAY), last_ok: ago(3 * DAY) }),
  well("meaning", "index", "All passages can be compared by what they mean.", 1),
  well("jobs", "work", "Nothing waits, nothing failed.", 2),
  well("models", "work", "No server of models is chosen. Summaries are made by what is built in.", 0),
  well("watched_folders", "sources", "No folder is watched.", 0),
  well("sources", "sources", "All 3 sources are where they were.", 6),
  well("backup", "backup", "The newest backup is of yesterday and was read through.", 3),
  well("kept_aside", "backup", "Nothing is kept aside.", 1),
  well("sqlite", "app", "SQLite 3.54.0 keeps the memory.", 0),
  well("clock", "app", "The clock goes forward.", 0),
  well("permissions", "privacy", "Only you can read the memory’s folder.", 1),
  well("crash_reports", "privacy", "No crash report is sent, and none is held.", 0),
];

type Change = Partial<Component> & { code: ComponentCode };

const unwell = (code: ComponentCode, state: HealthState, cause: string, next: string | null, part: Partial<Component> = {}): Change => ({
  code,
  state,
  cause,
  next,
  since: ago(5 * 3600),
  last_ok: ago(6 * 3600),
  ...part,
});

const waits = (code: ComponentCode, waits_for: ComponentCode, cause: string): Change => ({ code, state: "unknown", cause, waits_for, last_ok: ago(DAY), evidence: [], fixes: [] });

const jobsFailed = unwell(
  "jobs",
  "warn",
  "2 files of the import of Notes could not be read: 1 may not be opened, 1 changed while it was read.",
  "See them on the Activity place, or try them again.",
  {
    evidence: [
      seen("May not be opened", "/home/ada/Documents/Notes/private/diary-2019-03.md", "file-7c1e.md"),
      seen("Changed while it was read", "/home/ada/Documents/Notes/inbox/today.md", "file-02fa.md"),
    ],
    fixes: ["retry_failed"],
  },
);

export const changesOf: Record<string, { headline: string; changes: Change[] }> = {
  empty: {
    headline: "Everything works. Nothing is remembered yet.",
    changes: [
      { code: "coverage", cause: "Nothing has been brought in yet.", evidence: [] },
      { code: "space", cause: "The memory takes 96 KB; 212 GB are free." },
      { code: "sources", cause: "There is no source yet." },
      { code: "backup", cause: "There is nothing to back up yet." },
      { code: "faithful", cause: "There is no summary yet." },
    ],
  },
  attention: {
    headline: "Others who use this computer can read the memory’s folder.",
    changes: [
      unwell("permissions", "fail", "Others who use this computer can read the memory’s folder.", "Make it private again; nothing else changes.", {
        evidence: [seen("Folder", workspace, "~/…"), seen("Who may read it", "everybody"), seen("Files that others can read", "14")],
        fixes: ["repair_permissions"],
      }),
      unwell("coverage", "warn", "38 of 612 passages can’t be found by their words.", "Put the missing ones in, or make the whole index anew.", {
        evidence: [seen("Passages", "612"), seen("In the word index", "574"), seen("Missing", "38"), seen("First of them", "/home/ada/Documents/Notes/roof.md", "file-91b0.md")],
        fixes: ["finish_missing", "rebuild_index"],
      }),
      jobsFailed,
      unwell("backup", "warn", "The newest backup is 9 days old.", "Make one now. The daily one is made at the next start.", {
        evidence: [seen("Newest backup", "12 November 2026"), seen("Changed since", "118 documents")],
        fixes: ["back_up_now", "verify_backup"],
      }),
      waits("round_trip", "coverage", "It can’t find what is not in the word index."),
      waits("tree", "coverage", "Counted when everything can be found."),
      waits("faithful", "tree", "Looked at when the summaries are counted."),
    ],
  },
  readonly: {
    headline: "The disk is read-only: the memory can be read, but nothing can be kept.",
    changes: [
      unwell(
        "store",
        "fail",
        "The disk is read-only: the memory can be read, but nothing can be kept.",
        "Allow writing to the disk again, then choose Try now; or move the memory to another disk under Settings. Until then search, recall and the tree work, and nothing is brought in, summarised or backed up.",
        { evidence: [seen("File", `${workspace}/memory_tree/chunks.db`, "chunks.db in the memory’s folder"), seen("Written", "0 times")], fixes: ["try_again"] },
      ),
      { code: "space", cause: "The memory takes 1.4 GB. Its disk is read-only, so it needs no more." },
      { code: "round_trip", state: "unknown", cause: "Skipped: it writes a test memory, and this memory can only be read now.", next: "It is run when the memory can be written again.", evidence: [] },
    ],
  },
  fulldisk: {
    headline: "The disk is nearly full (63 MB left), so imports and summaries wait. Nothing is lost.",
    changes: [
      unwell(
        "store",
        "fail",
        "The disk is nearly full (63 MB left), so imports and summaries wait. Nothing is lost.",
        "Free some space. With 101 MB free they go on by themselves: 38 MB more than there are. Until then all that is kept can be read, and a note is kept where it still fits.",
        { evidence: [seen("File", `${workspace}/memory_tree/chunks.db`, "chunks.db in the memory’s folder"), seen("Written", "8 times")], fixes: ["try_again"] },
      ),
      unwell("space", "fail", "The disk is nearly full: 63 MB left. Imports and summaries wait.", "Free some space. With 101 MB free they go on by themselves: 38 MB more than there are.", {
        evidence: [seen("Free", "63 MB"), seen("Needed for writing", "101 MB"), seen("The memory takes", "48 MB"), seen("Imports and summaries", "paused")],
      }),
      unwell("kept_aside", "warn", "1 set of files is kept aside (2 MB); one may hold the only copy of something: the memory’s log was damaged.", "Look at it under Settings, Backup: restore it, or discard it when you have all you need."),
    ],
  },
  failed: { headline: "Two files could not be read; everything else works.", changes: [jobsFailed] },
  brokencheck: {
    headline: "A check broke; everything else works.",
    changes: [
      unwell("orphans", "crashed", "The check ended before it had an answer.", "Run it again. If it breaks once more, please send us the report.", {
        since: ago(600),
        last_ok: ago(3 * DAY),
        checked_at: ago(600),
        took_ms: 212,
        on_demand: true,
        evidence: [seen("Where it broke", "engine/src/checks/orphans.rs:88"), seen("How often", "twice in 24 hours")],
      }),
    ],
  },
  gone: {
    headline: "The watched folder “Notes” is not there, or empty.",
    changes: [
      unwell("watched_folders", "warn", "The watched folder “Notes” is not there, or empty.", "What is remembered of it stays. Plug its disk in or put it back, and reading goes on by itself.", {
        evidence: [seen("Folder", "/media/ada/Oak/Notes", "folder-1f"), seen("Last seen", "20 November 2026, 7:31")],
        fixes: ["stop_watching"],
      }),
    ],
  },
  error: {
    headline: "The memory can’t be opened; nothing is lost.",
    changes: [
      unwell(
        "store",
        "fail",
        "The disk answered with an error three times in a row, so reading was paused.",
        "It is tried again every 30 seconds by itself. If the folder is on a removable disk, check that it is connected.",
        {
          since: ago(260),
          last_ok: ago(290),
          evidence: [seen("Folder", workspace, "~/…"), seen("Tried", "9 times, last 12 seconds ago"), seen("Newest sound backup", "yesterday, 19:04")],
          fixes: ["try_again", "restore_backup", "open_copy", "start_fresh"],
        },
      ),
      ...(["jobs", "coverage", "integrity", "orphans", "round_trip", "tree", "faithful", "sources", "watched_folders"] as const).map((code) =>
        waits(code, "store", "Can’t be looked at while the memory is closed."),
      ),
    ],
  },
};

import type { ComponentCode } from "../../wire/ComponentCode";
import type { FixCode } from "../../wire/FixCode";
import type { FixPlan } from "../../wire/FixPlan";
import type { FixRisk } from "../../wire/FixRisk";

export const riskOf: Partial<Record<FixCode, FixRisk>> = { rebuild_index: "low", finish_missing: "low", repair_permissions: "low", rebuild_summaries: "low", rebuild_vectors: "low", set_aside_orphans: "data", restore_backup: "data" };
export const canBeUndone: ReadonlySet<FixCode> = new Set(["set_aside_orphans", "restore_backup", "stop_watching", "start_fresh"]);

export interface MadeUpFix {
  /** The checks that are well afterwards, and what they say then. */
  mends: Partial<Record<ComponentCode, string>>;
  plan: Omit<FixPlan, "id" | "code" | "risk" | "undo" | "nothing_to_do">;
  /** What it is doing, in order. */
  doing: string[];
  total: number;
  summary: string;
  done: string[];
}

const plain = (summary: string, steps: string[], about_ms: number | null, backup_first = false): MadeUpFix["plan"] => ({ summary, steps, about_ms, backup_first });

export const madeUpFixes: Record<FixCode, MadeUpFix> = {
  try_again: { mends: {}, plan: plain("Tries to open the memory now.", [], 100), doing: [], total: 1, summary: "The memory was tried.", done: [] },
  fold_log: {
    mends: { sidecars: "The files beside the memory are as they should be." },
    plan: plain("Brings 18 MB of the log into the main file.", ["Waits for readers to end", "Brings 18 MB over"], 900),
    doing: ["Bringing the log over"],
    total: 18,
    summary: "18 MB were brought into the main file.",
    done: ["18 MB brought over"],
  },
  rebuild_index: {
    mends: { coverage: "612 passages from 3 sources, all searchable and in the tree." },
    plan: plain("Makes the word index anew from 612 passages.", ["Reads 612 passages", "Writes a new index beside the old one", "Puts the new one in place of the old one"], 40_000),
    doing: ["Reading the passages", "Writing the new index", "Putting it in place"],
    total: 612,
    summary: "The word index is made anew; all 612 passages can be found.",
    done: ["612 passages read", "38 passages more can be found than before"],
  },
  finish_missing: {
    mends: { coverage: "612 passages from 3 sources, all searchable and in the tree." },
    plan: plain("Puts 38 passages into the word index.", ["Reads 38 passages", "Puts them into the word index"], 2000),
    doing: ["Putting passages in"],
    total: 38,
    summary: "38 passages were put into the word index.",
    done: ["38 passages put in"],
  },
  set_aside_orphans: {
    mends: { orphans: "Everything belongs to something." },
    plan: plain("Sets 4 loose rows aside.", ["Makes a backup", "Writes 4 rows into a file beside the memory", "Takes them out of the memory"], 3000, true),
    doing: ["Backing up", "Setting rows aside"],
    total: 4,
    summary: "4 loose rows were set aside.",
    done: ["A backup was made", "4 rows set aside"],
  },
  rebuild_summaries: {
    mends: { faithful: "Each of 411 sentences stands in its sources." },
    plan: plain("Makes 3 summaries anew.", ["Reads their sources", "Writes 3 summaries"], 6000),
    doing: ["Making summaries"],
    total: 3,
    summary: "3 summaries were made anew.",
    done: ["3 summaries made anew"],
  },
  rebuild_vectors: {
    mends: { orphans: "Everything belongs to something." },
    plan: plain("Has all passages read anew for what they mean.", ["Takes out what 612 passages are compared by", "They are read anew by themselves"], null),
    doing: ["Taking out what passages are compared by"],
    total: 612,
    summary: "What 612 passages are compared by was taken out.",
    done: ["They are read anew by themselves"],
  },
  retry_failed: {
    mends: { jobs: "2 pieces of work wait." },
    plan: plain("Tries 2 files again.", ["Puts 2 files back into the queue"], 300),
    doing: ["Queueing"],
    total: 2,
    summary: "2 files wait for another try.",
    done: ["2 files queued"],
  },
  release_stuck: {
    mends: { jobs: "Work is going on." },
    plan: plain("Gives one piece of work back to the queue.", ["Gives back 1 piece of work"], 200),
    doing: ["Giving it back"],
    total: 1,
    summary: "One piece of work is back in the queue.",
    done: ["1 piece of work given back"],
  },
  close_empty_imports: {
    mends: { jobs: "Nothing waits, nothing failed." },
    plan: plain("Ends one import of which nothing is left.", ["Ends 1 import"], 200),
    doing: ["Ending it"],
    total: 1,
    summary: "One import was ended.",
    done: ["1 import ended"],
  },
  back_up_now: {
    mends: { backup: "The newest backup is of today and was read through." },
    plan: plain("Makes a backup of 48 MB.", ["Copies the memory", "Reads the copy through"], 8000),
    doing: ["Copying", "Reading the copy through"],
    total: 48,
    summary: "A backup of 48 MB was made and read through.",
    done: ["48 MB copied", "The copy was read through"],
  },
  verify_backup: {
    mends: {},
    plan: plain("Reads the backup of 12 November through.", ["Reads 46 MB", "Compares what it holds"], 4000),
    doing: ["Reading"],
    total: 46,
    summary: "The backup is sound.",
    done: ["46 MB read"],
  },
  repair_permissions: {
    mends: { permissions: "Only you can read the memory’s folder." },
    plan: plain("Lets only you read 14 files in 3 folders.", ["Takes the right to read 3 folders from others", "Takes the right to read 14 files from others"], 50),
    doing: ["Changing who may read"],
    total: 17,
    summary: "Only you can read the memory’s folder.",
    done: ["3 folders and 14 files made private"],
  },
  stop_watching: {
    mends: { watched_folders: "No folder is watched." },
    plan: plain("No longer looks for changes in “Notes”.", ["Stops watching 1 folder"], 50),
    doing: ["Ending the watch"],
    total: 1,
    summary: "“Notes” is not watched any more.",
    done: ["1 folder not watched any more"],
  },
  restore_backup: {
    mends: { store: "Open, last written a moment ago." },
    plan: plain(
      "Puts the backup of yesterday, 19:04, in the memory’s place.",
      ["Reads the backup through", "Keeps 48 MB of files aside", "Puts 590 passages of 118 documents in their place", "Opens the memory"],
      12_000,
    ),
    doing: ["Reading the backup through", "Keeping files aside", "Putting the backup in place", "Opening the memory"],
    total: 46,
    summary: "Your memory is as it was yesterday at 19:04. What was there is kept aside.",
    done: ["48 MB kept aside", "590 passages of 118 documents restored"],
  },
  open_copy: {
    mends: {},
    plan: plain("Lays out the backup of yesterday in a folder of its own.", ["Copies 46 MB to “default-copy-1”", "Leaves the memory itself as it is"], 9000),
    doing: ["Copying"],
    total: 48,
    summary: "A copy lies in “default-copy-1”.",
    done: ["It was made from the backup of yesterday, 19:04 (46 MB).", "In it: 118 documents and 590 passages."],
  },
  start_fresh: {
    mends: { store: "Open, last written a moment ago." },
    plan: plain("Begins an empty memory in “default-2”, beside this one.", ["Makes the folder “default-2”", "Begins an empty memory in it", "Uses it from now on"], 500),
    doing: ["Beginning"],
    total: 3,
    summary: "An empty memory is in use. The one from before lies in “default”.",
    done: ["Nothing in “default” was changed"],
  },
};

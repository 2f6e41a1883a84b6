import { bytes, number } from "./shared/format";

/** Every word the window says. The catalogue is English; numbers and dates follow the person's locale. */

const rules = new Intl.PluralRules("en");

function plural(count: number, one: string, other: string): string {
  return `${number(count)} ${rules.select(count) === "one" ? one : other}`;
}

/** A conversation has no file of its own: it is named by its service and its id there. */
const services = new Map([
  ["chatgpt", "ChatGPT"],
  ["claude", "Claude"],
]);

const counted = {
  files: (n: number) => plural(n, "file", "files"),
  documents: (n: number) => plural(n, "document", "documents"),
  passages: (n: number) => plural(n, "passage", "passages"),
  sources: (n: number) => plural(n, "source", "sources"),
};

function seconds(total: number): string {
  if (total < 60) return `${number(Math.max(1, Math.round(total)))} s`;
  if (total < 3600) return `${number(Math.round(total / 60))} min`;
  const hours = Math.floor(total / 3600);
  return `${number(hours)} h ${number(Math.round((total - hours * 3600) / 60))} min`;
}

export const t = {
  app: "Oldgrowth",
  counted,
  close: "Close",
  cancel: "Cancel",
  back: "Back",
  tryAgain: "Try again",
  copied: "Copied",
  copyFailed: "Copying is not possible here. The text is below, ready to be selected.",
  starting: "Opening your memory…",
  working: "Reading…",
  stillWorking: "Still working on it.",
  unknownDate: "no date",
  skipToContent: "Skip to content",

  day: {
    form: "YYYY-MM-DD",
    wrong: "Write a day as 2024-05-03, or only its year or month.",
  },

  nav: {
    label: "Places",
    recall: "Recall",
    tree: "Tree",
    sources: "Sources",
    doctor: "Doctor",
    settings: "Settings",
    health: "Health",
    looking: "Looking…",
    theme: "Theme",
    themes: { system: "As the system", light: "Light", dark: "Dark" },
  },

  states: { ok: "Well", unknown: "Not looked at yet", warn: "Attention", fail: "Problem" },

  errors: {
    usage: "That can’t be asked like this",
    notFound: "It isn’t here",
    nothingToImport: "Nothing to import",
    unavailable: "The memory can’t be reached just now",
    diskFull: "The disk is full",
    readOnly: "The memory can only be read",
    needsPerson: "The memory needs you",
    busy: "Too much at once",
    heldByAnother: "Another program has this memory open",
    cancelled: "Called off",
    internal: "Something went wrong on our side",
    internalMessage: "The window could not finish what you asked for.",
    internalHint: "Try it again. If it happens once more, copy the report on the Doctor place.",
    openDoctor: "Open the Doctor",
  },

  recall: {
    title: "Recall",
    heading: "What would you like to recall?",
    label: "Your question",
    placeholder: "Ask in your own words",
    ask: "Ask",
    filters: "Filters",
    source: "Source",
    anySource: "All sources",
    from: "From",
    to: "To",
    clearFilters: "Clear filters",
    filterNote: "Passages without a date are left out while dates are set.",
    holds: (passages: number, sources: number) =>
      `${counted.passages(passages)} from ${counted.sources(sources)}, on this computer.`,
    keys: { ask: "ask", through: "through the answers", open: "open", focus: "back to the question" },
    found: (n: number) => plural(n, "passage found", "passages found"),
    foundNone: "Nothing was found.",
    nothingTitle: "Nothing found",
    grown: "Your memory has grown since you asked.",
    askAgain: "Ask again",
    showAround: "Show surroundings",
    hideAround: "Hide surroundings",
    before: "Just before",
    after: "Just after",
    same: (n: number) => `${plural(n, "other passage says", "other passages say")} the same`,
    inTheTree: "In the tree",
    asking: "Looking through your memory…",
    emptyTitle: "Nothing is remembered yet",
    emptyText: "Choose a folder of notes or pages, and ask it anything.",
    drop: "You can also drop files and folders anywhere on this window.",
    local: "Read on this computer. Nothing is uploaded.",
  },

  actions: {
    folder: "Choose a folder",
    files: "Choose files",
    samples: "Try sample memories",
    note: "Write a note",
  },

  locator: (name: string, first: number, last: number) => {
    const service = services.get(/^(\w+):/.exec(name)?.[1] ?? "");
    const [place, unit] = service === undefined ? [name, "line"] : [service, "message"];
    return first === last ? `${place}, ${unit} ${number(first)}` : `${place}, ${unit}s ${number(first)}–${number(last)}`;
  },
  lines: (first: number, last: number) =>
    first === last ? number(first) : `${number(first)}–${number(last)}`,
  linesLong: (first: number, last: number) =>
    first === last ? `Line ${number(first)}` : `Lines ${number(first)} to ${number(last)}`,
  typedIn: "a note you wrote",

  memory: {
    title: "Memory",
    untitled: "Untitled",
    openOriginal: "Open original",
    source: "Source",
    happened: "Happened",
    imported: "Imported",
    format: "Format",
    file: "File",
    unknown: "Unknown",
    bases: {
      stated: "as the document says",
      file_time: "by the file’s own date",
      unknown: "",
    } as Record<string, string>,
    inTheTree: "In the tree",
    asked: "The passage you opened",
    replaced: "There is a newer version of this file.",
    openNewer: "Open the newer version",
    earlier: (n: number) => `Show ${plural(n, "earlier passage", "earlier passages")}`,
    later: (n: number) => `Show ${plural(n, "later passage", "later passages")}`,
    summaryTitle: (source: string) => `Summary of ${source}`,
    summaryOf: (passages: number) => `Made from ${counted.passages(passages)}`,
    sealed: "Made",
    covers: "Covers",
    summariser: "Made by",
    degraded: "This summary was made in a simpler way than usual. It will be made again.",
    sentencesFrom: "Each sentence stands beside the words it came from.",
    noSentences: "This summary holds no sentences.",
  },

  sources: {
    title: "Sources",
    emptyTitle: "No sources yet",
    emptyText: "A source is a folder, a few files, or the notes you write here.",
    ledger: "What is remembered",
    found: "Found",
    notRead: "Not read",
    documents: "Documents",
    passages: "Passages",
    searchable: "Searchable",
    inTree: "In the tree",
    inStep: "In step",
    inStepLong: "Everything that was read can be found and is in the tree.",
    behindSearch: (n: number) => `${counted.passages(n)} not searchable yet`,
    behindTree: (n: number) => `${counted.passages(n)} not in the tree yet`,
    behind: "Catching up",
    notes: "Kept in this memory only",
    lastImport: "Last import",
    never: "Never imported",
    imports: "Recent imports",
    noImports: "No imports so far.",
    dropTitle: "Drop to import",
    dropText: "You will see what would be read before anything starts.",
  },

  plan: {
    title: "Import",
    reading: "Looking at what is there…",
    summary: (n: number, size: number) => `${counted.files(n)}, ${bytes(size)}`,
    changedBetween: "Last changed",
    skipped: "Will be passed over",
    examples: "For example",
    nothing: "There is nothing here that can be read.",
    start: (n: number) => `Import ${counted.files(n)}`,
    starting: "Starting…",
  },

  batch: {
    title: "Import",
    states: { running: "Running", done: "Done", failed: "Some failed", cancelled: "Stopped" },
    progress: (ended: number, total: number) => `${number(ended)} of ${counted.files(total)}`,
    rate: (items: number, size: number) =>
      `${items >= 10 ? number(Math.round(items)) : number(Math.round(items * 10) / 10)} files a second, ${bytes(size)}/s`,
    eta: (s: number) => `about ${seconds(s)} to go`,
    usable: (n: number) =>
      n === 0 ? "What has been read can be asked about at once." : `${counted.files(n)} can be asked about now.`,
    waiting: "Waiting for its turn",
    leave: "You can leave this place; the import goes on.",
    stop: "Stop the import",
    kept: "What has been read stays.",
    outcomes: {
      waiting: "Waiting",
      running: "Being read",
      new: "New",
      changed: "Changed",
      unchanged: "Unchanged",
      skipped: "Passed over",
      failed: "Failed",
      cancelled: "Stopped",
    },
    reasons: "Why some were not read",
    items: "Files",
    leftOut: (n: number) => `and ${counted.files(n)} more`,
    retry: "Retry failed",
    copy: "Copy as text",
    closeReport: "Done",
    ended: "Ended",
    started: "Started",
    took: (s: number) => `took ${seconds(s)}`,
    all: "All",
    announce: (label: string, ended: number, total: number) =>
      `${label}: ${number(ended)} of ${counted.files(total)} read.`,
    announceEnd: (label: string, state: string) => `Import of ${label}: ${state}.`,
    importing: (label: string) => `Importing ${label}`,
    brief: (ok: number, skipped: number, failed: number) =>
      [
        counted.files(ok),
        skipped > 0 ? `${number(skipped)} passed over` : "",
        failed > 0 ? `${number(failed)} failed` : "",
      ]
        .filter(Boolean)
        .join(", "),
  },

  note: {
    title: "Write a note",
    name: "Title",
    optional: "optional",
    date: "When it happened",
    text: "Text",
    placeholder: "Write or paste here",
    save: "Keep the note",
    saving: "Keeping…",
    draft: "Your text is still here.",
    kept: "The note is kept and can be found.",
    known: "This very note was kept before.",
  },

  tree: {
    title: "Tree",
    label: "The tree of your memory",
    details: "Details",
    emptyTitle: "No tree yet",
    emptyText: "The tree grows by itself from what you import.",
    more: (n: number) => `Show more (${number(n)} left)`,
    pick: "Choose a row to read it here.",
    pickKeys: "Arrow keys move through the tree, Enter opens a row.",
    waitingTitle: "Waiting for company",
    waitingText:
      "These passages can be searched already. As soon as there are enough of them, they are summarised together and move up into the tree.",
    passages: "Passages",
    under: "Directly under it",
    covers: "Covers",
    simple: "made in a simpler way",
    sourceText: "A source holds the summaries and passages of everything that was imported from it.",
    kinds: { source: "Source", summary: "Summary", waiting: "Waiting", chunk: "Passage" },
  },

  doctor: {
    title: "Doctor",
    attention: "Needs attention",
    all: "All parts",
    codes: {
      store: "Memory store",
      sidecars: "Companion files",
      space: "Disk space",
      jobs: "Work queue",
      coverage: "Coverage",
      long_reads: "Long reads",
      sqlite: "Database engine",
      backup: "Backup",
      kept_aside: "Kept aside",
    },
    explains: {
      store: "Can the memory be read and written?",
      sidecars: "Are the files beside the store what they should be?",
      space: "Is there room on the disk?",
      jobs: "Is the work moving, and has nothing failed?",
      coverage: "Can everything that was read be found?",
      long_reads: "How many backups and exports run, and how many may?",
      sqlite: "Is the SQLite in this program one to trust?",
      backup: "Is there a copy, and how old is it?",
      kept_aside: "Was something set aside that you should look at?",
    },
    next: "What to do",
    since: "since",
    check: "Check again",
    checking: "Checking…",
    tryNow: "Try now",
    trying: "Trying…",
    copy: "Copy report",
    folder: "This memory lives in",
    report: "Oldgrowth health report",
  },

  settings: {
    title: "Settings",
    limits: "Limits",
    longReads: "Long reads at once",
    longReadsAbout: "A backup or an export reads the memory for long. This many may do so at the same time.",
    longReadsNone: "With 0 no backup and no export can begin, not even the daily one.",
    longReadsRange: (most: number) => `A whole number from 0 to ${number(most)}.`,
    save: "Save",
    useDefault: (value: number) => `Use the default (${number(value)})`,
  },

  backup: {
    title: "Backup",
    about:
      "A backup is a whole copy of your memory on this computer. One is made each day on which something was added, and old ones make room for new ones.",
    now: "Back up now",
    stop: "Stop",
    untouched: "Your memory is as it was.",
    none: "There is no backup yet. One is made by itself when something has been added, or now.",
    folder: "Kept in",
    unknown: "No date known",
    beforeUpdate: "before an update",
    verified: "Last checked",
    restore: "Restore…",
    verify: "Check",
    show: "Show in folder",
    discard: "Discard…",
    restoreNamed: (name: string) => `Restore the copy of ${name}…`,
    verifyNamed: (name: string) => `Check the backup of ${name}`,
    showNamed: (name: string) => `Show in folder: the copy of ${name}`,
    discardNamed: (name: string) => `Discard the copy of ${name}…`,
    marks: { sound: "Sound", unchecked: "Not checked yet", problem: "Can’t be used" },
    work: { backup: "Backing up…", verify: "Reading the backup through…", restore: "Restoring…" },
    done: {
      made: "The backup is made and was read through.",
      verified: "The backup is sound.",
      stopped: "Stopped. Nothing was left behind.",
      discarded: "Discarded.",
      restored: "Restored. What was there before is kept aside below.",
    },
    lastFailed: (why: string) => `The last backup could not be made: ${why}`,
    keptAside: "Kept aside",
    keptAsideAbout: "Files that were set aside before something was done about them, or because a copy took their place.",
    onlyCopy: "may be the only copy of something",
    tables: { documents: "Documents", chunks: "Passages", nodes: "Summaries" },
    damage: {
      title: "Part of your memory’s log is damaged",
      text: (changes: number) =>
        `${plural(changes, "change lies", "changes lie")} behind the damage. Until you choose, everything before it can be read and nothing is written.`,
      choose: "Restore a copy from the lists below, or go on without those changes. Either way all files are kept aside first.",
      accept: "Go on without them…",
    },
    damageAsk: {
      title: "Go on without these changes?",
      text: (changes: number) => `Your memory goes on as it was before ${plural(changes, "change", "changes")} that can’t be read safely.`,
      kept: "The damaged files stay kept aside, in case something can be got out of them.",
      confirm: "Go on without them",
    },
    discardAsk: {
      title: "Discard what is kept aside?",
      text: (size: string) => `${size} are removed from this computer for good.`,
      onlyCopy: "It may hold the only copy of something.",
      confirm: "Discard",
    },
    preview: {
      title: "Restore a copy",
      reading: "Reading the copy through…",
      from: (when: string) => `Your memory would be as it was on ${when}.`,
      fromUnknown: "Your memory would be as it was when this copy was made.",
      there: "In the copy",
      here: "Now",
      unknown: "?",
      newer: (documents: number, passages: number) => {
        const what = documents > 0 ? counted.documents(documents) : counted.passages(passages);
        return `${what} that came after this copy would no longer be found, until you restore what is kept aside.`;
      },
      older: "It was made by an older version and is brought up to date on the way.",
      setAside: (size: string) => `What is there now (${size}) is kept aside, and you can restore it from there.`,
      nothingHere: "There is nothing here now that would have to be kept aside.",
      written: (when: string) => `Your memory was last written on ${when}.`,
      while: "Running work stops for a moment and goes on afterwards.",
      confirm: "Restore this copy",
      restoring: "Restoring…",
    },
  },

  held: {
    check: "Try again",
    checking: "Trying…",
  },
} as const;

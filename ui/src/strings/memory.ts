import { number } from "../shared/format";
import { counted, plural } from "./counting";

/** A conversation has no file of its own: it is named by its service and its id there. */
const services = new Map([
  ["chatgpt", "ChatGPT"],
  ["claude", "Claude"],
]);

/** One memory, whole, and the tree. */
export const memoryWords = {
  locator: (name: string, first: number, last: number) => {
    const service = services.get(/^(\w+):/.exec(name)?.[1] ?? "");
    const [place, unit] = service === undefined ? [name, "line"] : [service, "message"];
    return first === last ? `${place}, ${unit} ${number(first)}` : `${place}, ${unit}s ${number(first)}–${number(last)}`;
  },

  isConversation: (path: string | null) => services.has(/(?:^|[\\/])(\w+):[^\\/]*$/.exec(path ?? "")?.[1] ?? ""),

  lines: (first: number, last: number) =>
    first === last ? number(first) : `${number(first)}–${number(last)}`,

  linesLong: (first: number, last: number) =>
    first === last ? `Line ${number(first)}` : `Lines ${number(first)} to ${number(last)}`,

  typedIn: "a note you wrote",

  memory: {
    title: "Memory",
    untitled: "Untitled",
    missing: "It may have gone with the source that held it. Ask in Recall for what is here.",
    openOriginal: "Open the file",
    passages: (first: number, last: number, total: number) => `Passages ${number(first)} to ${number(last)} of ${number(total)}`,
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

  find: {
    label: "Find in this document",
    placeholder: "Find in this document",
    next: "Next",
    last: "Previous",
    close: "Close find",
    at: (n: number, of: number, more: boolean) => `${number(n)} of ${number(of)}${more ? "+" : ""}`,
    none: "Not found",
    open: "Find",
  },

  near: {
    title: "Before and after",
    before: "Before",
    after: "After",
    alsoAt: "Also at",
    older: "Older versions",
    names: "Names",
    similar: "Similar memories",
    toCome: "Not known yet",
    olderOf: (day: string) => `imported ${day}`,
  },

  original: {
    title: "In the original",
    show: "Show in the original",
    showLine: (place: string) => `${place}: show in the original`,
    folder: "Show in folder",
    copyPlace: "Copy path and line",
    copyLink: "Copy link to the conversation",
    linkNote: "The link is only copied. Nothing is opened, and nothing leaves this computer.",
    reading: "Reading the file…",
    cut: "…",
    states: {
      same: "The file is as it was when it was read.",
      moved: "The file has changed since it was read. This passage still stands in it word for word.",
      changed: "The file has changed since it was read, and this passage no longer stands in it word for word. This is what stands there now.",
      gone: "The file is no longer where it was. What was kept of it is still here.",
      unreadable: "The file can’t be read just now.",
      replaced: "This is an older version; its file holds a newer one now.",
      typed: "You wrote this here, so there is no file.",
      unknown: "Nothing tells any more which file this was read from.",
    } as Record<string, string>,
    statesOfExport: {
      same: "The conversation stands in the export as it was read.",
      moved: "The export has changed since it was read. This message still stands in it word for word.",
      changed: "The export has changed since it was read, and this message no longer stands in it word for word.",
      gone: "The export is no longer where it was. What was kept of it is still here.",
    } as Record<string, string>,
    goneHint: "If you moved it, import it again from its new place.",
    of: (total: number, isConversation: boolean) => (isConversation ? plural(total, "message", "messages") : plural(total, "line", "lines")),
  },

  messages: (first: number, last: number) =>
    first === last ? `Message ${number(first)}` : `Messages ${number(first)} to ${number(last)}`,

  tree: {
    title: "Tree",
    label: "The tree of your memory",
    details: "Details",
    emptyTitle: "No tree yet",
    emptyText: "The tree grows by itself from what you import.",
    reading: "This row is being read.",
    notRead: "Not read",
    pick: "Choose a row to read it here.",
    holds: (summaries: number, passages: number, sources: number) =>
      `${counted.summaries(summaries)} of ${counted.passages(passages)} from ${counted.sources(sources)}`,
    keys: { move: "through the rows", open: "into a row", read: "read it" },
    waitingTitle: "Waiting to be summarised",
    waitingAbout: "Not summarised yet",
    passages: "Passages",
    under: "Directly under it",
    covers: "Covers",
    summariesCover: "Summaries cover",
    documents: "Documents",
    summaries: "Summaries",
    itemsNotRead: "Not read",
    lastImport: "Last import",
    kind: "Kind",
    folder: "Folder",
    sourceKinds: { folder: "Folder", notes: "Notes written here", chats: "Conversations", samples: "Sample memories" } as Record<string, string>,
    simple: "made in a simpler way",
    texts: {
      waiting:
        "These passages can be searched already. As soon as there are enough of them, or after a week, they are summarised together and move up into the tree.",
      "waiting.days": "These passages can be searched already. They are summarised once their day is over.",
      source: "A source holds the summaries and passages of everything that was imported from it.",
      topic: "The passages that have this name, summarised as they come. While it is not named, this stays as it is.",
      days: "What you keep, by the day on which it happened. A day is summarised once it is over, and told in its week, month and year.",
      topics: "People, organisations and tags that are named often and lately, each with what names them.",
    } as Record<string, string>,
    kinds: { branch: "Branch", source: "Source", topic: "Topic", summary: "Summary", waiting: "Waiting", chunk: "Passage" },
  },
} as const;

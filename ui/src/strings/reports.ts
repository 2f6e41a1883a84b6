import { plural } from "./counting";

const uses = { summaries: "when summaries are made", embeddings: "when passages are read and you ask", reranking: "when you ask" };

/** Crash reports: the question, what is held, and what leaves. */
export const reportsWords = {
  broken: {
    title: "This can’t be shown just now",
    text: "Something in the window failed. Your memory is not touched by it.",
    again: "Show it again",
    recall: "Go to Recall",
  },

  privacy: {
    title: "Privacy",
    reports: "Crash reports",
    /** Where crash reports go and where texts go, and for what, if they do. */
    leaves: (reports: string | null, texts: readonly { role: keyof typeof uses; host: string }[], offline: boolean) => {
      if (reports === null && texts.length === 0) return "Nothing leaves this computer.";
      const when = offline ? "when you are online again" : null;
      const parts = [
        ...(reports === null ? [] : [`Crash reports go to ${reports} ${when ?? "when there are any"}.`]),
        ...texts.map(({ role, host }) => `${role === "summaries" ? "Texts" : "Your questions and texts"} of your memories go to ${host} ${when ?? uses[role]}.`),
      ];
      return `${parts.join(" ")} ${offline ? "Until then nothing" : "Nothing else"} leaves this computer.`;
    },
    send: "Send crash reports",
    sendAbout: "When Oldgrowth fails, a report helps to mend it. Off until you turn it on; then what is held below is sent, too.",
    noAddress: "This copy of Oldgrowth knows no address for crash reports, so none can be sent. They are only kept here, for you to look at.",
    holds: "What a report holds",
    fields: [
      "what kind of failure it was, and its number",
      "where in Oldgrowth’s own code it happened",
      "the versions of Oldgrowth, its database and your system",
      "the hour, and roughly how often it happened",
    ],
    never: "Never: anything you keep, names, e-mail addresses, files or folders, what you asked, the words of an error, or the name of this computer.",
    example: "See an example",
    held: "Held reports",
    none: "No report is held.",
    lastSent: "Last sent",
    nextTry: "Next try",
    waits: { consent: "waits for you", offline: "waits until you are online", network: "will be sent", refused: (status: number) => `not wanted by the server (${status})`, here: "kept here" },
    see: "See",
    seeNamed: (what: string, when: string) => `See the report: ${what}, ${when}`,
    now: "Send now",
    nowNamed: (what: string, when: string) => `Send now: ${what}, ${when}`,
    remove: "Delete",
    removeNamed: (what: string, when: string) => `Delete the report: ${what}, ${when}`,
    removeAll: "Delete all…",
    removeAllAsk: {
      title: "Delete all held reports?",
      text: (n: number) => `${plural(n, "report is", "reports are")} deleted for good. The crash log stays, and never leaves this computer.`,
      confirm: "Delete",
    },
    folder: "They and the crash log lie in",
    notSent: "The report was not sent. It is held in the settings, under Privacy.",
    failed: { choice: "Your choice could not be kept", held: "That could not be done" },
    done: { sent: "The report was sent. Thank you.", deleted: "Deleted." },
    what: {
      panic: "Oldgrowth failed at something",
      page: "The window failed at something",
      store_unavailable: "The memory could not be used for long",
      corrupt: "The memory’s file was damaged",
      derived_corrupt: "The word index was damaged",
      wal_damaged: "The memory’s log was damaged",
      split_brain: "The memory’s file was replaced while in use",
      misplaced: "The memory’s files did not belong together",
      constraint: "The memory refused what should fit",
      misuse: "The memory was asked wrongly",
    } as Record<string, string>,
    other: "A fault in Oldgrowth",
    dialog: { title: "What is sent", example: "An example", about: "This is all of it, line by line.", copy: "Copy" },
  },

  ask: {
    label: "Crash reports",
    value: { title: "May Oldgrowth tell when it fails?", text: "A crash report says what failed and where in the code. Nothing you keep is in it. It is off until you turn it on." },
    crash: { title: "Something in Oldgrowth failed", text: "A report of it would help to mend it, and nothing you keep is in it. Send this one?" },
    yes: "Send reports",
    one: "Send this one",
    always: "Always send",
    no: "Don’t send",
    see: "See what is sent",
    later: "Not now",
  },
};

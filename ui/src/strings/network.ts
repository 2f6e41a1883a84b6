import { bytes, number } from "../shared/format";
import { plural } from "./counting";

/** Calls to other computers, and the switch that ends them. */
export const networkWords = {
  network: {
    none: (days: number) => `No other computer was called in the last ${plural(days, "day", "days")}.`,
    unknown: "No call to another computer is known.",
    since: (day: string, calls: number, to: string, sent: number, least: boolean) => `Since ${day}: ${plural(calls, "call", "calls")} to ${to}, ${least ? "at least " : ""}${bytes(sent)} sent.`,
    computers: (n: number) => plural(n, "address", "addresses"),
    offline: "Offline",
    offlineAbout: "No program of Oldgrowth calls any address, until you turn this off. Crash reports wait, and no model is asked. A call that is under way comes to its end first.",
    sign: "Offline: nothing is called",
    unreadable: "What you chose can’t be read, so nothing is called.",
    stay: "Stay offline",
    failed: "Your choice could not be kept",
    problem: (why: string) => `The list of calls can’t be read: ${why}. Check the rights of its folder.`,
    unread: (n: number) => `${plural(n, "line", "lines")} of the list could not be read.`,
    table: "Computers that were called",
    columns: { host: "Computer", why: "Why", calls: "Calls", last: "Last", sent: "Sent", received: "Received" },
    calls: (host: string) => `Calls to ${host}`,
    call: { when: "When", outcome: "Outcome" },
    why: { crash_report: "Crash reports", summary: "Summaries", answer: "Answers", embedding: "Embeddings", rerank: "Reranking", model_trial: "Setting up a model" },
    least: (value: string) => `≥ ${value}`,
    leastSaid: (n: number) => `For ${plural(n, "call", "calls")} it is not known how much was sent.`,
    unknownBytes: "not known",
    more: (n: number) => `Show ${number(n)} more`,
    shown: (n: number, all: number) => `${number(n)} of ${number(all)} calls`,
    outcomes: {
      under_way: "under way",
      answered: "answered",
      refused: "connection refused",
      unreachable: "nobody answers",
      timed_out: "took too long",
      not_safe: "not safe, so nothing was said",
      not_here: "led to another computer, so nothing was said",
      stopped: "stopped",
      cut_off: "cut off",
      bad_answer: "answer not understood",
      no_end: "its end was not noted",
    },
    status: (outcome: string, status: number) => `${outcome} (${status})`,
    about: (days: number) =>
      `Each call is noted before it begins; a call that can’t be noted is not made. Kept: when, which computer, why, how many bytes went over the connection and how it ended, for ${plural(days, "day", "days")}. Not kept: what was said.`,
    folder: "The list lies in",
    done: { on: "Oldgrowth is offline.", off: "Oldgrowth is online.", failed: "Your choice could not be kept." },
  },
} as const;

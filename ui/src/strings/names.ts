import { number } from "../shared/format";
import type { NameKind } from "../wire/NameKind";
import { counted, plural } from "./counting";

const kinds: Record<NameKind, string> = {
  person: "People",
  organisation: "Organisations",
  place: "Places",
  email: "E-mail addresses",
  link: "Links",
  handle: "Handles",
  tag: "Tags",
  date: "Dates",
  money: "Sums of money",
};

const several: Record<NameKind, [string, string]> = {
  person: ["person", "people"],
  organisation: ["organisation", "organisations"],
  place: ["place", "places"],
  email: ["e-mail address", "e-mail addresses"],
  link: ["link", "links"],
  handle: ["handle", "handles"],
  tag: ["tag", "tags"],
  date: ["date", "dates"],
  money: ["sum of money", "sums of money"],
};

/** Whom and what the memory names. */
export const namesWords = {
  names: {
    title: "Named in your memory",
    kinds,
    one: {
      person: "Person",
      organisation: "Organisation",
      place: "Place",
      email: "E-mail address",
      link: "Link",
      handle: "Handle",
      tag: "Tag",
      date: "Date",
      money: "Sum of money",
    } satisfies Record<NameKind, string>,
    kindsLabel: "What is named",
    filter: "Filter by name",
    none: "No names yet. People, organisations, places and more are listed here by themselves, as soon as your texts name them.",
    noneOfKind: (kind: NameKind) => `Nothing of this kind is named in your memory: ${kinds[kind].toLocaleLowerCase()}.`,
    noneCalled: (part: string) => `None has “${part}” in its name.`,
    found: (total: number, kind: NameKind) => plural(total, ...several[kind]),
    foundCalled: (total: number, kind: NameKind, part: string) => `${plural(total, ...several[kind])} with “${part}” in the name`,
    range: (from: number, to: number, total: number) => `${number(from)}–${number(to)} of ${number(total)}`,
    previous: "Previous",
    next: "Next",
    pages: "Pages of names",
    mentioned: (mentions: number, of: number) => `${plural(mentions, "mention", "mentions")} in ${counted.documents(of)}`,
    left: (passages: number) => `${plural(passages, "passage is", "passages are")} still to be looked through. New names come by themselves.`,
    failed: (passages: number) => `In ${counted.passages(passages)} no names could be looked for. That is a fault of ours; everything else works.`,
    paused: "The work is paused; names are looked for again when it is resumed.",
    all: "All names",
    writtenAs: "Also written",
    sources: "Named in",
    documents: (n: number) => (n === 1 ? "document" : "documents"),
    beside: "Named together with",
    inPassages: (n: number) => (n === 1 ? "passage" : "passages"),
    passages: "Passages",
    more: (n: number) => `Show ${number(n)} more`,
    shown: (n: number, of: number) => `${number(n)} of ${counted.passages(of)}`,
    ask: "Ask your memory about it",
    tree: "Its tree",
  },
} as const;

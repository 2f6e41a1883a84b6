import type { DocumentLink } from "../../wire/DocumentLink";
import type { FindAsked } from "../../wire/FindAsked";
import type { FoundInDocument } from "../../wire/FoundInDocument";
import type { Near } from "../../wire/Near";
import type { Original } from "../../wire/Original";
import type { OriginalPart } from "../../wire/OriginalPart";
import type { OriginalState } from "../../wire/OriginalState";
import type { Why } from "../../wire/Why";
import type { WhyAsked } from "../../wire/WhyAsked";
import type { WireError } from "../../wire/WireError";
import { documents, type FakeDocument } from "./memories";
import { namesIn } from "./names";
import { chunkId, recall, spansOf, termsOf } from "./search";
import { documentOf, locator, nameOf } from "./views";

const missing: WireError = { code: "not_found", message: "There is no memory with this id.", hint: null };

function placeOf(id: string): { document: FakeDocument; index: number } {
  const document = documentOf(id);
  if (document === undefined) throw missing;
  return { document, index: id === document.id ? 0 : Number(id.slice(document.id.length + 1)) - 1 };
}

export function why({ chunk, question }: WhyAsked): Why {
  const { document, index } = placeOf(chunk);
  const passage = document.passages[index];
  const passages = documents.flatMap((one) => one.passages);
  const words = termsOf(question.question).map((word) => {
    const stands = (text: string): number => spansOf(text, [word]).length;
    const text = stands(passage?.text ?? "");
    const headings = stands((passage?.headings ?? []).join(" "));
    const title = stands(document.title);
    const holding = passages.filter((one) => stands(one.text) > 0).length;
    const forms = spansOf(passage?.text ?? "", [word]).map(({ start, end }) => passage?.text.slice(start, end) ?? "");
    const score = text + headings + title > 0 ? Math.log(passages.length / Math.max(1, holding)) + 0.4 * text : null;
    return { word, forms: [...new Set(forms)], title, headings, text, passages: holding * 9, score };
  });
  const { hits } = recall(question);
  const at = hits.findIndex((hit) => hit.chunk === chunk);
  const score = words.reduce((sum, word) => sum + (word.score ?? 0), 0);
  const others = documents.filter(({ id }) => id === "doc-forester" || id === "doc-list");
  return {
    words,
    passages: 612,
    answers: hits.length,
    rank: at < 0 ? null : at + 1,
    score,
    best: at <= 0 ? score : score * 1.4,
    parts: [],
    happened_at: document.happened,
    happened_basis: document.basis,
    same:
      chunk === "doc-beech.2"
        ? others.map((other) => ({
            chunk: chunkId(other, 0),
            document: other.id,
            title: other.title,
            source: other.source,
            source_name: nameOf(other.source),
            locator: locator(other, 0),
            happened_at: other.happened,
          }))
        : [],
  };
}

const link = ({ id, title, happened, imported }: FakeDocument): DocumentLink => ({ id, title, happened_at: happened, imported_at: imported });

export function near(id: string): Near {
  const { document, index } = placeOf(id);
  const others = documents.filter((other) => other.source === document.source && other !== document).slice(0, 2);
  const inTime = documents
    .filter(({ happened, source }) => happened !== null && source === document.source)
    .toSorted((a, b) => (a.happened ?? "").localeCompare(b.happened ?? ""));
  const at = inTime.indexOf(document);
  const [before, after] = at < 0 ? [] : [inTime[at - 1], inTime[at + 1]];
  const place = { source: document.source, source_name: nameOf(document.source), path: document.path };
  const isRoof = document.id === "doc-roof";
  return {
    before: before === undefined ? null : link(before),
    after: after === undefined ? null : link(after),
    newer: null,
    older: isRoof ? [{ ...link(document), id: "doc-reading", imported_at: "2026-10-02T07:30:00Z" }] : [],
    names: namesIn(chunkId(document, index)),
    similar_by: "yes",
    similar: others.map((other) => ({ chunk: chunkId(other, 0), title: other.title, happened_at: other.happened, preview: other.passages[0]?.text ?? "" })),
    places: isRoof ? [place, { ...place, path: "/home/ada/Documents/Notes/archive/2024/roof.md" }] : [place],
  };
}

export function findInDocument({ id, letters }: FindAsked): FoundInDocument {
  const { document } = placeOf(id);
  const passages = document.passages.flatMap(({ text }, ordinal) => {
    const places = spansOf(text, [letters.toLowerCase()]);
    return places.length > 0 ? [{ chunk: chunkId(document, ordinal), ordinal, places }] : [];
  });
  return { passages, more: false };
}

/** What became of the made-up files since they were read. */
const fates: Record<string, OriginalState> = { "doc-roof": "changed", "doc-forester": "moved", "doc-reading": "gone", "doc-kyoto": "unreadable" };

export function original(id: string): Original {
  const { document, index } = placeOf(id);
  const state: OriginalState = document.path === null ? "typed" : (fates[document.id] ?? "same");
  const isChat = document.id === "doc-chat";
  const readable = state === "same" || state === "moved" || state === "changed";
  return {
    state,
    problem: state === "unreadable" ? "may not be read by this user" : null,
    hint: state === "unreadable" ? "give yourself the right to read it, then look again" : null,
    path: isChat ? "/home/ada/Downloads/chatgpt-export.zip" : document.path,
    unit: isChat ? "message" : "line",
    parts: !readable ? [] : isChat ? messages(document, index) : lines(document, index, state),
    total: readable ? (isChat ? document.passages.length : 64) : 0,
    link: isChat ? "https://chatgpt.com/c/6f2a11c0-77" : null,
  };
}

function messages(document: FakeDocument, index: number): OriginalPart[] {
  return document.passages.map(({ text, headings }, at) => ({
    number: at + 1,
    text,
    is_cut: false,
    is_passage: at === index,
    author: headings[0] ?? null,
    at: `2024-02-11T18:2${at}:00Z`,
  }));
}

function lines(document: FakeDocument, index: number, state: OriginalState): OriginalPart[] {
  const passage = document.passages[index];
  const first = passage?.line ?? 1;
  const written = passage?.text ?? "";
  const wrapped = written.split("\n").flatMap((one) => (one === "" ? [one] : (one.match(/.{1,90}(?:\s|$)/gu) ?? [])));
  const line = (number: number, text: string, is_passage: boolean): OriginalPart => ({ number, text, is_cut: false, is_passage, author: null, at: null });
  const before = first > 2 && !written.startsWith("#") ? [line(first - 2, `## ${passage?.headings.at(-1) ?? document.title}`, false), line(first - 1, "", false)] : [];
  const own = wrapped.map((text, at) => line(first + at, text.trimEnd(), state !== "changed"));
  const end = first + wrapped.length;
  return [...before, ...own, line(end, "", false), line(end + 1, document.passages[index + 1]?.text.split("\n")[0]?.slice(0, 80) ?? "* * *", false)];
}

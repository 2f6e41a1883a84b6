import type { Answer } from "../../wire/Answer";
import type { AnswerHit } from "../../wire/AnswerHit";
import type { Brief } from "../../wire/Brief";
import type { AnswerSummary } from "../../wire/AnswerSummary";
import type { Behind } from "../../wire/Behind";
import type { Question } from "../../wire/Question";
import type { Span } from "../../wire/Span";
import type { TagCount } from "../../wire/TagCount";
import type { TreeStep } from "../../wire/TreeStep";
import type { Written } from "../../wire/Written";
import { documents, sources, type FakeDocument } from "./memories";

export const chunkId = (document: FakeDocument, index: number): string => `${document.id}.${index + 1}`;

const common = new Set(["the", "a", "an", "is", "was", "of", "in", "how", "what", "who", "when", "did", "for", "to", "and", "may", "be"]);

export function termsOf(question: string): string[] {
  const words = question.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const wanted = words.filter((word) => !common.has(word));
  return [...new Set(wanted.length > 0 ? wanted : words)];
}

export function pathTo(document: FakeDocument): TreeStep[] {
  const source = sources.find(({ id }) => id === document.source);
  if (source === undefined) return [];
  const steps = [{ id: source.id, title: source.name }];
  const summary = summaryOf(document);
  return summary === null ? steps : [...steps, { id: summary, title: document.title }];
}

/** The notes written here still wait; everything else has been summarised. */
export const summaryOf = (document: FakeDocument): string | null =>
  document.source === "src-written" ? null : `sum-${document.id}`;

/** The first sentence below a heading. */
export function firstSentence(text: string): string {
  const body = text.replace(/^#.*\n+/u, "");
  return body.match(/^.*?[.。!?](?=\s|$|[^\s\d])/su)?.[0] ?? body;
}

export function spansOf(text: string, terms: string[]): Span[] {
  const lower = text.toLowerCase();
  const spans: Span[] = [];
  for (const term of terms) {
    for (let at = lower.indexOf(term); at >= 0; at = lower.indexOf(term, at + term.length)) {
      spans.push({ start: at, end: at + term.length });
    }
  }
  return spans.toSorted((a, b) => a.start - b.start);
}

function quoteOf(text: string, matches: Span[]): Span {
  const ends = [...text.matchAll(/[.。!?;](?=\s|$|[^\s\d])|\n/gu)].map((found) => found.index + 1);
  let best: Span = { start: 0, end: text.length };
  let most = -1;
  let start = 0;
  for (const end of [...ends, text.length]) {
    const count = matches.filter((span) => span.start >= start && span.end <= end).length;
    const lead = text.slice(start).match(/^\s*/)?.[0].length ?? 0;
    if (count > most && end > start + lead) {
      most = count;
      best = { start: start + lead, end };
    }
    start = end;
  }
  return best;
}

type Narrowed = Pick<Question, "source" | "from" | "to" | "kind" | "author" | "tag">;

function passes(document: FakeDocument, { source, from, to, kind, tag }: Narrowed): boolean {
  if (tag !== null && !document.tags?.some((one) => one.toLowerCase() === tag.toLowerCase())) return false;
  if (source !== null && document.source !== source) return false;
  if (kind !== null && kind !== (document.path === null ? "note" : "document")) return false;
  const day = document.happened?.slice(0, 10) ?? null;
  if (from === null && to === null) return true;
  return day !== null && (from === null || day >= from) && (to === null || day <= to);
}

/** Who says a passage of a conversation. */
export const authorOf = (document: FakeDocument, index: number): string | null =>
  document.format.includes("conversation") ? (document.passages[index]?.headings.at(-1) ?? null) : null;

/** The tags there are, with how many documents have them. */
export function tagCounts(): TagCount[] {
  const all = documents.flatMap(({ tags }) => tags ?? []).toSorted();
  return [...new Set(all)].map((tag) => ({ tag, documents: all.filter((one) => one === tag).length }));
}

/** How many passages hold any of the words. */
const count = (terms: string[], narrowed: Narrowed): number =>
  documents
    .filter((document) => passes(document, narrowed))
    .flatMap((document) => document.passages.map(({ text }, index) => ({ text, author: authorOf(document, index) })))
    .filter(({ text, author }) => (narrowed.author ?? author) === author && spansOf(text, terms).length > 0).length;

function behind(terms: string[], { source, author, from, to, kind, tag }: Narrowed): Behind {
  const narrowed = { source, author, from, to, kind, tag };
  return {
    source: source === null ? null : count(terms, { ...narrowed, source: null }),
    author: author === null ? null : count(terms, { ...narrowed, author: null }),
    dates: from === null && to === null ? null : count(terms, { ...narrowed, from: null, to: null }),
    kind: kind === null ? null : count(terms, { ...narrowed, kind: null }),
    tag: tag === null ? null : count(terms, { ...narrowed, tag: null }),
    all: count(terms, { source: null, author: null, from: null, to: null, kind: null, tag: null }),
  };
}

function nothingFound(terms: string[], narrowed: boolean, unsearched: number): string {
  const what = unsearched > 0 ? "Nothing that can be searched" : "Nothing";
  const mentions = `${what} ${narrowed ? "within these filters" : "in your memory"} mentions ${terms.map((term) => `“${term}”`).join(" or ")}.`;
  return unsearched > 0 ? `${mentions} ${unsearched} passages can't be found by their words yet.` : mentions;
}

export const WRITER = "qwen3:4b at http://localhost:11434/v1";

/** The best sentence of each of the first two passages. */
export const writtenOf = ({ hits }: Answer): Written => ({
  by: WRITER,
  sentences: hits.slice(0, 2).map(({ chunk, title, locator, happened_at, text, quote }) => ({
    text: text.slice(quote.start, quote.end),
    summary: null,
    cites: [{ chunk, title, locator, happened_at }],
  })),
  left_out: 1,
  nothing: hits.length > 0 ? null : "Nothing was found that an answer could be written from.",
});

export const briefOf = ({ hits, terms, nothing }: Answer): Brief => ({
  pieces: hits.map(({ text, chunk, title, locator, happened_at }) => ({ text, summary: null, cites: [{ chunk, title, locator, happened_at }] })),
  chars: hits.reduce((chars, { text }) => chars + text.length, 0),
  left_out: 0,
  terms,
  nothing,
  nothing_then: null,
  meaning: "yes",
});

/** The summaries that several of the hits are part of. */
function summariesOf(hits: AnswerHit[]): AnswerSummary[] {
  const under = new Map<string, AnswerSummary>();
  hits.forEach(({ tree, summary }, at) => {
    const [of] = tree;
    const step = tree.at(-1);
    if (of === undefined || step === undefined || step === of || summary === null) return;
    const one = under.get(step.id) ?? { ...step, of, passages: 9, hits: [], text: summary };
    under.set(step.id, { ...one, hits: [...one.hits, at + 1] });
  });
  return [...under.values()].filter(({ hits: of }) => of.length > 1).slice(0, 3);
}

/** `unsearched` passages can't be found by their words yet. */
export function recall(question: Question, unsearched = 0): Answer {
  const terms = termsOf(question.question);
  const narrowed = [question.source, question.from, question.to, question.kind, question.author, question.tag].some((filter) => filter !== null);
  const hits: AnswerHit[] = [];
  for (const document of documents) {
    if (!passes(document, question)) continue;
    document.passages.forEach((passage, index) => {
      const matches = spansOf(passage.text, terms);
      const author = authorOf(document, index);
      if (matches.length === 0 || (question.author ?? author) !== author) return;
      const distinct = new Set(matches.map(({ start, end }) => passage.text.slice(start, end).toLowerCase()));
      hits.push({
        chunk: chunkId(document, index),
        document: document.id,
        source: document.source,
        title: document.title,
        headings: passage.headings,
        author,
        locator: { path: document.path, line_first: passage.line, line_last: passage.line + Math.ceil(passage.text.length / 90) },
        tags: document.tags ?? [],
        happened_at: document.happened,
        text: passage.text,
        score: distinct.size * 2 + matches.length * 0.1,
        matches,
        quote: quoteOf(passage.text, matches),
        same_elsewhere: document.id === "doc-beech" && index === 1 ? 2 : 0,
        before: document.passages[index - 1]?.text ?? null,
        after: document.passages[index + 1]?.text ?? null,
        tree: pathTo(document),
        summary: summaryOf(document) === null ? null : firstSentence(passage.text),
      });
    });
  }
  hits.sort((a, b) => b.score - a.score);
  const shown = hits.slice(0, question.limit ?? 8);
  return {
    hits: shown,
    summaries: summariesOf(shown),
    nothing_then: null,
    writer: null,
    terms,
    nothing: hits.length > 0 ? null : nothingFound(terms, narrowed, unsearched),
    unsearched: hits.length > 0 ? 0 : unsearched,
    meaning: "yes",
    behind: hits.length > 0 ? null : behind(terms, question),
  };
}

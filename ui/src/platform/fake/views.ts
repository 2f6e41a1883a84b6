import type { Ledger } from "../../wire/Ledger";
import type { ShowAt } from "../../wire/ShowAt";
import type { Shown } from "../../wire/Shown";
import type { SummarySentence } from "../../wire/SummarySentence";
import type { TreeAt } from "../../wire/TreeAt";
import type { TreePosition } from "../../wire/TreePosition";
import type { TreeRow } from "../../wire/TreeRow";
import type { TreeStep } from "../../wire/TreeStep";
import type { TreeView } from "../../wire/TreeView";
import { branchOf, pathToBranch, rowsUnder, shownBranch } from "./branches";
import { chat, diary, documents, sources, type FakeDocument } from "./memories";
import { authorOf, chunkId, firstSentence, pathTo, summaryOf } from "./search";

export const locator = (document: FakeDocument, index: number) => {
  const passage = document.passages[index];
  const line = passage?.line ?? 1;
  return { path: document.path, line_first: line, line_last: line + Math.ceil((passage?.text.length ?? 0) / 90) };
};

/** The document of this id, or of the passage of this id. */
export const documentOf = (id: string): FakeDocument | undefined =>
  [...documents, diary, chat].find((one) => one.id === id || id.startsWith(`${one.id}.`));

export const nameOf = (source: string): string => sources.find(({ id }) => id === source)?.name ?? source;

export function show({ id, from, limit }: ShowAt): Shown | null {
  const summarised = documents.find((document) => summaryOf(document) === id);
  if (summarised !== undefined) return summary(summarised, id);
  if (branchOf(id) !== undefined) return shownBranch(id, sentencesOf);
  const document = documentOf(id);
  if (document === undefined) return null;
  const most = limit ?? 60;
  const at = id === document.id ? 0 : Number(id.slice(document.id.length + 1)) - 1;
  const first = from ?? Math.max(0, at - Math.floor(most / 2));
  return {
    kind: "document",
    id: document.id,
    source: document.source,
    source_name: nameOf(document.source),
    title: document.title,
    format: document.format,
    happened_at: document.happened,
    happened_basis: document.basis,
    imported_at: document.imported,
    sha256: "8f2c1d0e".repeat(8),
    path: document.path,
    tags: document.tags ?? [],
    first,
    total: document.passages.length,
    chunks: document.passages.slice(first, first + most).map(({ text, headings }, index) => ({
      id: chunkId(document, first + index),
      text,
      headings,
      author: authorOf(document, first + index),
      locator: locator(document, first + index),
    })),
    asked: id === document.id ? null : id,
    tree: pathTo(document),
    replaced_by: null,
  };
}

const sentencesOf = (document: FakeDocument): SummarySentence[] =>
  document.passages.map(({ text }, index) => ({
    text: firstSentence(text),
    chunk: chunkId(document, index),
    document: document.id,
    title: document.title,
    locator: locator(document, index),
    passage: text,
    words: { start: text.indexOf(firstSentence(text)), end: text.indexOf(firstSentence(text)) + firstSentence(text).length },
  }));

function summary(document: FakeDocument, id: string): Shown {
  return {
    kind: "summary",
    id,
    source: document.source,
    source_name: nameOf(document.source),
    level: 1,
    summariser: "extractive, built in",
    degraded: false,
    sealed_at: "2026-11-18T09:13:02Z",
    first_happened_at: document.happened,
    last_happened_at: document.happened,
    sentences: sentencesOf(document),
    tree: pathTo(document).slice(0, 1),
    passages: document.passages.length,
  };
}

const row = (part: Partial<TreeRow> & Pick<TreeRow, "id" | "kind" | "title">): TreeRow => ({
  preview: "",
  children: 0,
  passages: 1,
  first_happened_at: null,
  last_happened_at: null,
  degraded: false,
  ...part,
});

function chunkRows(document: FakeDocument): TreeRow[] {
  return document.passages.map(({ text, headings }, index) =>
    row({
      id: chunkId(document, index),
      kind: "chunk",
      title: headings.at(-1) ?? document.title,
      preview: firstSentence(text),
      first_happened_at: document.happened,
      last_happened_at: document.happened,
    }),
  );
}

function spanOf(some: FakeDocument[]): Pick<TreeRow, "first_happened_at" | "last_happened_at"> {
  const dates = some.flatMap(({ happened }) => happened ?? []).toSorted();
  return { first_happened_at: dates[0] ?? null, last_happened_at: dates.at(-1) ?? null };
}

/** Enough days to need a second page. */
const days: TreeRow[] = Array.from({ length: 160 }, (_, index) => {
  const date = new Date(Date.UTC(2021, 2, 1 + index * 3)).toISOString();
  return row({
    id: `day-${index}`,
    kind: "chunk",
    title: `Walk ${index + 1}`,
    preview: "Weather, path, and what was seen on the way.",
    first_happened_at: date,
    last_happened_at: date,
  });
});

function under(node: string): TreeRow[] {
  if (branchOf(node) !== undefined) return rowsUnder(node, chunkRows, firstSentence);
  const of = documents.filter(({ source }) => source === node);
  if (node === "src-written") {
    const rows = of.flatMap(chunkRows);
    return [row({ id: "wait-written", kind: "waiting", title: "Waiting", preview: "Not summarised yet", children: rows.length, passages: rows.length })];
  }
  if (node === "wait-written") return documents.filter(({ source }) => source === "src-written").flatMap(chunkRows);
  if (node === "sum-walks") return days;
  const summarised = documents.find((document) => summaryOf(document) === node);
  if (summarised !== undefined) return chunkRows(summarised);
  const rows = of.map((document) =>
    row({
      id: summaryOf(document) ?? document.id,
      kind: "summary",
      title: document.title,
      preview: firstSentence(document.passages[0]?.text ?? ""),
      children: document.passages.length,
      passages: document.passages.length,
      first_happened_at: document.happened,
      last_happened_at: document.happened,
      degraded: document.id === "doc-reading",
    }),
  );
  if (node === "src-field") {
    rows.push(
      row({
        id: "sum-walks",
        kind: "summary",
        title: "Walks, spring 2021 to summer 2022",
        preview: "160 short entries about walks in the valley.",
        children: days.length,
        passages: days.length,
        first_happened_at: days[0]?.first_happened_at ?? null,
        last_happened_at: days.at(-1)?.last_happened_at ?? null,
      }),
    );
  }
  return rows;
}

function roots(): TreeRow[] {
  const held = sources.map(({ id, name, path }) => {
    const of = documents.filter(({ source }) => source === id);
    return row({ id, kind: "source", title: name, preview: path ?? "", children: under(id).length, passages: passagesOf(id), ...spanOf(of) });
  });
  return [...rowsUnder(null, chunkRows, firstSentence), ...held];
}

export function tree({ node, offset, limit }: TreeAt): TreeView {
  const all = node === null ? roots() : under(node);
  const start = offset ?? 0;
  const path = node === null ? [] : pathOf(node);
  return { path, trail: node === null ? [] : trailTo(node, path), rows: all.slice(start, start + (limit ?? 200)), total: all.length };
}

function trailTo(node: string, path: TreeStep[]): TreePosition[] {
  const ids = path.map(({ id }) => id);
  const way = ids.at(-1) === node ? ids : [...ids, node];
  return way.map((id, index) => {
    const above = way[index - 1];
    const siblings = above === undefined ? roots() : under(above);
    return { id, position: Math.max(0, siblings.findIndex((one) => one.id === id)) };
  });
}

function passagesOf(source: string): number {
  return { "src-notes": 431, "src-field": 180, "src-written": 1 }[source] ?? 0;
}

function pathOf(node: string): TreeStep[] {
  if (branchOf(node) !== undefined) return pathToBranch(node);
  if (node === "wait-written") return [{ id: "src-written", title: nameOf("src-written") }];
  if (node === "sum-walks") return [{ id: "src-field", title: nameOf("src-field") }];
  const source = sources.find(({ id }) => id === node);
  if (source !== undefined) return [{ id: source.id, title: source.name }];
  const document = documents.find((one) => node === summaryOf(one) || node.startsWith(`${one.id}.`));
  if (document === undefined) return [];
  const waits = summaryOf(document) === null ? [{ id: "wait-written", title: "Waiting" }] : [];
  return [...pathTo(document), ...waits];
}

export function ledger(): Ledger {
  const counts = {
    "src-notes": { found: 318, not_read: 4, documents: 314, chunked: 431, searchable: 431, in_tree: 418, summaries: 44 },
    "src-field": { found: 167, not_read: 0, documents: 167, chunked: 180, searchable: 180, in_tree: 180, summaries: 19 },
    "src-written": { found: 1, not_read: 0, documents: 1, chunked: 1, searchable: 1, in_tree: 1, summaries: 0 },
  };
  return {
    sources: sources.map((source) => {
      const count = counts[source.id as keyof typeof counts];
      return {
        ...source,
        ...count,
        in_step: count.in_tree === count.chunked,
        lost: false,
        service: null,
        last_batch: source.kind === "folder" ? "imp-2" : null,
        watched: false,
        watching: null,
        last_import_at: source.id === "src-written" ? "2026-11-19T18:40:02Z" : "2026-11-18T09:12:40Z",
      };
    }),
  };
}

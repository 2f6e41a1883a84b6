import type { Hit } from "../../wire/Hit";
import type { Name } from "../../wire/Name";
import type { NameAt } from "../../wire/NameAt";
import type { NameKind } from "../../wire/NameKind";
import type { NameRow } from "../../wire/NameRow";
import type { Names } from "../../wire/Names";
import type { NamesAsked } from "../../wire/NamesAsked";
import type { NamesLeft } from "../../wire/NamesLeft";
import { branchOf } from "./branches";
import { documents, sources } from "./memories";
import { authorOf, chunkId, spansOf } from "./search";

/** What the made-up memories name. */
const called: [NameKind, string, string[]][] = [
  ["person", "Henning", ["henning"]],
  ["person", "Mrs Aldag", ["mrs aldag", "aldag"]],
  ["person", "Petersen", ["petersen"]],
  ["organisation", "Forestry office", ["forestry office"]],
  ["place", "Demachiyanagi", ["demachiyanagi"]],
  ["place", "Tadasu no Mori", ["tadasu no mori", "糺の森"]],
  ["link", "https://forestry.example/surveys/1987", ["https://forestry.example/surveys/1987"]],
  ["date", "2026-04-21", ["21 april"]],
  ["date", "--03-01", ["1 march"]],
];

interface Named {
  row: NameRow;
  hits: Hit[];
}

function namedBy([kind, name, terms]: (typeof called)[number], index: number): Named {
  const hits: Hit[] = [];
  for (const document of documents) {
    document.passages.forEach((passage, at) => {
      const found = spansOf(passage.text, terms);
      const matches = found.filter(({ start, end }) => !found.some((other) => other.start <= start && other.end >= end && other.end - other.start > end - start));
      const [first] = matches;
      if (first === undefined) return;
      hits.push({
        chunk: chunkId(document, at),
        document: document.id,
        source: document.source,
        title: document.title,
        headings: passage.headings,
        author: authorOf(document, at),
        locator: { path: document.path, line_first: passage.line, line_last: passage.line + Math.ceil(passage.text.length / 90) },
        tags: document.tags ?? [],
        happened_at: document.happened,
        text: passage.text,
        score: 0,
        matches,
        quote: first,
        same_elsewhere: 0,
      });
    });
  }
  const days = hits.flatMap(({ happened_at }) => happened_at ?? []).toSorted();
  return {
    row: {
      id: `en_${index}`,
      kind,
      name,
      mentions: hits.reduce((total, { matches }) => total + matches.length, 0),
      documents: new Set(hits.map(({ document }) => document)).size,
      first_at: days[0] ?? null,
      last_at: days.at(-1) ?? null,
    },
    hits: hits.toSorted((a, b) => (b.happened_at ?? "").localeCompare(a.happened_at ?? "")),
  };
}

const named = called.map(namedBy).filter(({ hits }) => hits.length > 0).toSorted((a, b) => b.row.mentions - a.row.mentions);

/** Whom and what a passage names. */
export const namesIn = (chunk: string): NameRow[] => named.filter(({ hits }) => hits.some((hit) => hit.chunk === chunk)).map(({ row }) => row);

const MANY = 100_000;
const manyRow = (index: number): NameRow => ({
  id: `en_many${index}`,
  kind: "person",
  name: `Person ${(index * 7919) % MANY}`,
  mentions: Math.ceil(MANY / (index + 1)),
  documents: Math.ceil(MANY / (index + 2) / 3),
  first_at: "2019-02-03T10:00:00Z",
  last_at: "2026-11-18T10:00:00Z",
});
const many: NameRow[] = [];

export function names({ kind, part, offset, limit }: NamesAsked, large: boolean, left: NamesLeft): Names {
  if (large && many.length === 0) for (let index = 0; index < MANY; index += 1) many.push(manyRow(index));
  const rows = large ? many : named.map(({ row }) => row);
  const wanted = (part ?? "").toLocaleLowerCase();
  const found = rows.filter((row) => row.kind === kind && row.name.toLocaleLowerCase().includes(wanted));
  const counts = new Map<NameKind, number>();
  for (const row of rows) counts.set(row.kind, (counts.get(row.kind) ?? 0) + 1);
  return {
    counts: [...counts].map(([of, count]) => ({ kind: of, count })),
    total: found.length,
    names: found.slice(offset ?? 0, (offset ?? 0) + (limit ?? 100)),
    left,
  };
}

export function name({ id, offset, limit }: NameAt): Name | null {
  const one = named.find(({ row }) => row.id === id);
  if (one === undefined) return null;
  const there = new Set(one.hits.map(({ chunk }) => chunk));
  const documentsOf = (source: string): number => new Set(one.hits.filter((hit) => hit.source === source).map(({ document }) => document)).size;
  return {
    name: one.row,
    written_as: [...new Set(one.hits.flatMap(({ text, matches }) => matches.map(({ start, end }) => text.slice(start, end))))],
    sources: sources.flatMap((source) => (documentsOf(source.id) > 0 ? [{ id: source.id, name: source.name, documents: documentsOf(source.id) }] : [])),
    beside: named.flatMap(({ row, hits }) => {
      const passages = row.id === id || !["person", "organisation", "place"].includes(row.kind) ? 0 : hits.filter(({ chunk }) => there.has(chunk)).length;
      return passages > 0 ? [{ name: row, passages }] : [];
    }),
    passages: one.hits.slice(offset ?? 0, (offset ?? 0) + (limit ?? 20)),
    passages_total: one.hits.length,
    topic: branchOf(`topic.${id}`)?.id ?? null,
  };
}

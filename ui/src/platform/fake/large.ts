import type { SourceRow } from "../../wire/SourceRow";
import type { TreeAt } from "../../wire/TreeAt";
import type { TreeRow } from "../../wire/TreeRow";
import type { TreeView } from "../../wire/TreeView";

/** A made-up memory of one source with a hundred thousand passages under one row, or of ten thousand sources. */
const PASSAGES = 100_000;
const SOURCES = 10_000;
const ARCHIVE = "src-archive";
const WAITING = "wait-archive";

const words = ["Owl", "Beech", "Mill", "Ladder", "Stream", "Roof", "Harbour", "Letter", "Winter", "Orchard"];
const word = (at: number): string => words[at % words.length] ?? "Leaf";

const bare = { preview: "", children: 0, passages: 1, first_happened_at: null, last_happened_at: null, degraded: false };

function passage(at: number): TreeRow {
  const day = new Date(Date.UTC(1990, 0, 1 + (at % 13_000))).toISOString();
  return {
    ...bare,
    id: `old-${at}`,
    kind: "chunk",
    title: `${word(at)} and ${word(at * 7 + 3).toLowerCase()}, ${at + 1}`,
    preview: "Weather, path, and what was seen on the way to the mill and back again.",
    first_happened_at: day,
    last_happened_at: day,
  };
}

const archive: TreeRow = { ...bare, id: ARCHIVE, kind: "source", title: "Archive", preview: "/home/ada/Archive", children: 1, passages: PASSAGES };
const waiting: TreeRow = { ...bare, id: WAITING, kind: "waiting", title: "", children: PASSAGES, passages: PASSAGES };

const source = (at: number): TreeRow => ({ ...bare, id: `src-${at}`, kind: "source", title: `${word(at)} ${at + 1}`, preview: `/home/ada/${word(at)}/${at + 1}` });

function slice(total: number, { offset, limit }: TreeAt, row: (at: number) => TreeRow): Pick<TreeView, "rows" | "total"> {
  const first = offset ?? 0;
  const count = Math.max(0, Math.min(limit ?? 200, total - first));
  return { rows: Array.from({ length: count }, (_, index) => row(first + index)), total };
}

export function largeTree(at: TreeAt): TreeView {
  const toArchive = { id: ARCHIVE, position: 0 };
  const toWaiting = { id: WAITING, position: 0 };
  const path = [{ id: ARCHIVE, title: archive.title }];
  if (at.node === null) return { path: [], trail: [], rows: [archive], total: 1 };
  if (at.node === ARCHIVE) return { path, trail: [toArchive], rows: [waiting], total: 1 };
  if (at.node === WAITING) return { path, trail: [toArchive, toWaiting], ...slice(PASSAGES, at, passage) };
  const position = Number(at.node.replace("old-", ""));
  return { path, trail: [toArchive, toWaiting, { id: at.node, position }], rows: [], total: 0 };
}

export const manySources = (at: TreeAt): TreeView => ({ path: [], trail: [], ...slice(at.node === null ? SOURCES : 0, at, source) });

export function manySourcesLedger(): SourceRow[] {
  return Array.from({ length: SOURCES }, (_, at) => ({
    id: `src-${at}`,
    kind: "folder",
    name: `${word(at)} ${at + 1}`,
    service: null,
    path: `/home/ada/${word(at)}/${at + 1}`,
    found: 1,
    not_read: 0,
    documents: 1,
    chunked: 1,
    searchable: 1,
    in_tree: 1,
    summaries: 0,
    in_step: true,
    lost: false,
    last_import_at: null,
    last_batch: null,
    watched: false,
    watching: null,
  }));
}

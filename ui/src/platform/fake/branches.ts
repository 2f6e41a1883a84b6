import type { Shown } from "../../wire/Shown";
import type { SummarySentence } from "../../wire/SummarySentence";
import type { TreeRow } from "../../wire/TreeRow";
import type { TreeStep } from "../../wire/TreeStep";
import { documents, type FakeDocument } from "./memories";
import { spansOf } from "./search";

/** The branches of the made-up tree that run across its sources: days and topics. */
interface Branch {
  id: string;
  above: string | null;
  title: string;
  kind: "branch" | "topic" | "summary" | "waiting";
  preview: string;
  of: FakeDocument[];
  /** Passages are right under it. */
  passages: boolean;
}

const locale = "en-GB";
const told = (day: string, how: Intl.DateTimeFormatOptions): string => new Date(day).toLocaleDateString(locale, { ...how, timeZone: "UTC" }).replace(",", "");

/** From Monday to Sunday, cut where the month ends. */
function weekOf(day: string): string {
  const at = new Date(day);
  const date = at.getUTCDate();
  const weekday = (at.getUTCDay() + 6) % 7;
  const length = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  const [first, last] = [Math.max(1, date - weekday), Math.min(length, date - weekday + 6)];
  return `${first === last ? "" : `${first}–`}${last} ${told(day, { month: "long", year: "numeric" })}`;
}

const ranks: ((day: string) => string)[] = [
  (day) => day.slice(0, 4),
  (day) => told(day, { month: "long", year: "numeric" }),
  weekOf,
  (day) => told(day, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
];

/** The topics: the id of the name, the name, and what stands beside it. */
const hot: [string, string, string][] = [
  ["en_0", "Henning", ""],
  ["en_1", "Mrs Aldag", ""],
  ["en_2", "Petersen", "Not named much lately"],
];

const naming = (name: string): FakeDocument[] => documents.filter(({ passages }) => passages.some(({ text }) => spansOf(text, [name.toLowerCase()]).length > 0));

function grown(): Branch[] {
  const dated = documents.filter(({ happened }) => happened !== null).toSorted((a, b) => (b.happened ?? "").localeCompare(a.happened ?? ""));
  const bare = { preview: "", passages: false };
  const days: Branch[] = [
    { ...bare, id: "days", above: null, title: "Days", kind: "branch", of: dated },
    { ...bare, id: "waiting.days", above: "days", title: "", kind: "waiting", of: documents.filter(({ source }) => source === "src-written"), passages: true },
  ];
  for (const document of dated) {
    let above = "days";
    ranks.forEach((titleOf, rank) => {
      const title = titleOf(document.happened ?? "");
      const id = `days.${title.replace(/\W+/g, "-")}`;
      const known = days.find((branch) => branch.id === id);
      if (known === undefined) days.push({ ...bare, id, above, title, kind: "summary", of: [document], passages: rank === ranks.length - 1 });
      else known.of.push(document);
      above = id;
    });
  }
  const topics: Branch[] = hot.map(([id, title, preview]) => ({ id: `topic.${id}`, above: "topics", title, kind: "topic", preview, of: naming(title), passages: true }));
  return [...days, { ...bare, id: "topics", above: null, title: "Topics", kind: "branch", of: topics.flatMap(({ of }) => of) }, ...topics];
}

const branches = grown();

export const branchOf = (id: string): Branch | undefined => branches.find((branch) => branch.id === id);

export const rowsUnder = (id: string | null, chunks: (document: FakeDocument) => TreeRow[], sentence: (text: string) => string): TreeRow[] => {
  const branch = id === null ? undefined : branchOf(id);
  if (branch?.passages === true) return branch.of.flatMap(chunks);
  return branches
    .filter(({ above }) => above === id)
    .map((one) => {
      const dates = one.of.flatMap(({ happened }) => happened ?? []).toSorted();
      const dateless = one.kind === "waiting" || one.id === "topics";
      return {
        id: one.id,
        kind: one.kind,
        title: one.title,
        preview: one.kind === "summary" ? sentence(one.of.at(-1)?.passages[0]?.text ?? "") : one.preview,
        children: rowsUnder(one.id, chunks, sentence).length,
        passages: one.of.reduce((sum, { passages }) => sum + passages.length, 0),
        first_happened_at: dateless ? null : (dates[0] ?? null),
        last_happened_at: dateless ? null : (dates.at(-1) ?? null),
        degraded: false,
      };
    });
};

/** The steps down to a branch, itself included where it is no row of waiting passages. */
export function pathToBranch(id: string): TreeStep[] {
  const branch = branchOf(id);
  if (branch === undefined) return [];
  const above = branch.above === null ? [] : pathToBranch(branch.above);
  return branch.kind === "waiting" ? above : [...above, { id, title: branch.title }];
}

export function shownBranch(id: string, sentences: (document: FakeDocument) => SummarySentence[]): Shown | null {
  const branch = branchOf(id);
  if (branch?.kind !== "summary") return null;
  const dates = branch.of.flatMap(({ happened }) => happened ?? []).toSorted();
  return {
    kind: "summary",
    id,
    source: "days",
    source_name: branch.title,
    level: 1,
    summariser: "extractive, built in",
    degraded: false,
    sealed_at: "2026-11-19T00:00:12Z",
    first_happened_at: dates[0] ?? null,
    last_happened_at: dates.at(-1) ?? null,
    sentences: branch.of.flatMap(sentences),
    tree: pathToBranch(id).slice(0, -1),
    passages: branch.of.reduce((sum, { passages }) => sum + passages.length, 0),
  };
}

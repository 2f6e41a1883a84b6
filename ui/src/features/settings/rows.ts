import { t } from "../../strings";
import type { TableRows } from "../../wire/TableRows";

/** The tables a person knows, in the order in which they are told. The others are the store's own. */
const names = { documents: t.backup.tables.documents, chunks: t.backup.tables.chunks, nodes: t.backup.tables.nodes } as const;
type Known = keyof typeof names;
const order = Object.keys(names) as Known[];

export function told<Row extends { table: string }>(rows: Row[]): (Row & { name: string })[] {
  return order.flatMap((table) => rows.filter((row) => row.table === table).map((row) => ({ ...row, name: names[table] })));
}

/** "12 documents, 340 passages". */
export function rowsInWords(rows: TableRows[]): string {
  const count = (table: Known): number | undefined => rows.find((row) => row.table === table)?.rows;
  const documents = count("documents");
  const passages = count("chunks");
  return [
    documents === undefined ? "" : t.counted.documents(documents),
    passages === undefined ? "" : t.counted.passages(passages),
  ]
    .filter(Boolean)
    .join(", ");
}

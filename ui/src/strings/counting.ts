import { number } from "../shared/format";

const rules = new Intl.PluralRules("en");

export function plural(count: number, one: string, other: string): string {
  return `${number(count)} ${rules.select(count) === "one" ? one : other}`;
}

export const counted = {
  files: (n: number) => plural(n, "file", "files"),
  conversations: (n: number) => plural(n, "conversation", "conversations"),
  items: (n: number) => plural(n, "item", "items"),
  documents: (n: number) => plural(n, "document", "documents"),
  passages: (n: number) => plural(n, "passage", "passages"),
  summaries: (n: number) => plural(n, "summary", "summaries"),
  sources: (n: number) => plural(n, "source", "sources"),
};

export function seconds(total: number): string {
  if (total < 60) return `${number(Math.max(1, Math.round(total)))} s`;
  if (total < 3600) return `${number(Math.round(total / 60))} min`;
  const hours = Math.floor(total / 3600);
  return `${number(hours)} h ${number(Math.round((total - hours * 3600) / 60))} min`;
}

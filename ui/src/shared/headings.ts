import { bareWords } from "./markdown";

/** The headings above a passage, as lines of ours: without the document's title, and without the one that the passage begins with itself. */
export function headingsAbove({ headings, text }: { headings: string[]; text: string }, title: string, isMarkdown: boolean): string[] {
  const first = /^[ \t]*#*([^\n]*?)#*(?:\n|$)/.exec(text)?.[1]?.trim();
  const above = headings.length > 0 && headings.at(-1) === first ? headings.slice(0, -1) : headings;
  return above.map((heading) => (isMarkdown ? bareWords(heading) : heading)).filter((heading) => heading !== title);
}

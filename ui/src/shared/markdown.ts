import { GFM, parser } from "@lezer/markdown";
import { t } from "../strings";
import type { Locator } from "../wire/Locator";
import type { Span } from "../wire/Span";

/** How a stretch of text looks. Signs that are no words are `hidden`, or `aside`: there, but quiet. */
export interface Look extends Span {
  look: "strong" | "emphasis" | "struck" | "code" | "link" | "number" | "aside" | "hidden";
}

/** A line with its line end. `signs` is one that holds no words, such as a fence. */
export interface Line extends Span {
  kind: "text" | "blank" | "heading" | "bullet" | "todo" | "done" | "code" | "table" | "rule" | "signs";
  /** Of a heading: 1 is the topmost. */
  level: number;
  /** In how many lists it stands, one in the other. */
  depth: number;
  /** In how many quotes it stands. */
  quotes: number;
}

/**
 * How a text is set. It tells of places in the text, in UTF-16 units, and adds and takes nothing: the lines, joined, are the text.
 * A text that is shown as it stands has no lines.
 */
export interface Setting {
  lines: Line[];
  looks: Look[];
}

export const AS_IT_STANDS: Setting = { lines: [], looks: [] };

/** Passages are far shorter. In a longer text the signs could take seconds to read. */
export const MARKDOWN_UNITS_MAX = 8_000;

const markdown = parser.configure(GFM);
const named = /\.(?:md|markdown|mdown|mkdn?|mdx)$/i;

/** Files say so by their names. Chat services write it, but people type to them as they like, code included. */
export function isMarkdown({ path }: Locator, author: string | null): boolean {
  return path !== null && (named.test(path) || (author !== null && author !== "You" && t.isConversation(path)));
}

const looksOf: Partial<Record<string, Look["look"]>> = {
  StrongEmphasis: "strong",
  Emphasis: "emphasis",
  Strikethrough: "struck",
  InlineCode: "code",
  URL: "link",
  Image: "aside",
  HTMLBlock: "aside",
  HTMLTag: "aside",
  Comment: "aside",
  CommentBlock: "aside",
  LinkReference: "aside",
  TableDelimiter: "aside",
  HorizontalRule: "hidden",
  HeaderMark: "hidden",
  QuoteMark: "hidden",
  TaskMarker: "hidden",
  EmphasisMark: "hidden",
  StrikethroughMark: "hidden",
  CodeMark: "hidden",
  CodeInfo: "hidden",
};

export function markdownSetting(text: string): Setting {
  if (text.length > MARKDOWN_UNITS_MAX) return AS_IT_STANDS;
  const lines = linesOf(text);
  const looks: Look[] = [];
  let tableEnd = 0;
  // In a table the signs keep the columns apart.
  const add = (start: number, end: number, look: Look["look"]): void => {
    looks.push({ start, end, look: look === "hidden" && start < tableEnd ? "aside" : look });
  };
  /** The signs that a line begins with, and the space after them. */
  const lead = (start: number, end: number): void => add(start, end + (/^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0), "hidden");

  markdown.parse(text).iterate({
    enter({ name, from, to, node }) {
      const within = lines.filter(({ start, end }) => start < to && end > from);
      const are = (kind: Line["kind"]): void => within.forEach((line) => (line.kind = kind));
      const heading = /^(?:ATX|Setext)Heading(\d)$/.exec(name);
      if (heading !== null) {
        are("heading");
        within.forEach((line) => (line.level = Number(heading[1])));
      }
      switch (name) {
        case "FencedCode":
        case "CodeBlock":
          are("code");
          break;
        case "Table":
          are("table");
          tableEnd = to;
          break;
        case "HorizontalRule":
          are("rule");
          break;
        case "Blockquote":
          within.forEach((line) => (line.quotes += 1));
          break;
        case "ListItem":
          within.forEach((line) => (line.depth += 1));
          break;
        case "ListMark":
          if (/\d/.test(text.slice(from, to))) {
            add(from, to, "number");
            lead(to, to);
          } else {
            are("bullet");
            lead(from, to);
          }
          break;
        case "TaskMarker":
          are(text[from + 1] === " " ? "todo" : "done");
          lead(from, to);
          break;
        case "HeaderMark":
          lead(from, to);
          break;
        case "QuoteMark":
          add(from, text[to] === " " ? to + 1 : to, "hidden");
          break;
        case "Escape":
          add(from, from + 1, "hidden");
          break;
        case "Autolink":
          add(from, from + 1, "hidden");
          add(to - 1, to, "hidden");
          break;
        case "Link": {
          const close = node.getChildren("LinkMark")[1];
          // What stands in brackets alone need not be a link, and a link without words has nothing else to show.
          if (node.getChild("URL") === null || close === undefined || close.from === from + 1) break;
          add(from, from + 1, "hidden");
          add(from + 1, close.from, "link");
          add(close.from, to, "hidden");
          break;
        }
        default: {
          const look = looksOf[name];
          if (look !== undefined) add(from, to, look);
        }
      }
      return name !== "Image" && name !== "LinkReference";
    },
  });
  for (const line of lines) finish(text, line, looks);
  return { lines, looks };
}

function linesOf(text: string): Line[] {
  let end = 0;
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => {
    const start = end;
    end += line.length;
    return { start, end, kind: "text", level: 0, depth: 0, quotes: 0 };
  });
}

function finish(text: string, line: Line, looks: Look[]): void {
  const { start, end, kind, depth } = line;
  const hasWords = wordsOf(text, line, looks).trim() !== "";
  if (!hasWords && kind === "text") line.kind = "blank";
  if (!hasWords && (kind === "heading" || kind === "code") && text.slice(start, end).trim() !== "") line.kind = "signs";
  const indent = /^[ \t]*/.exec(text.slice(start, end))?.[0].length ?? 0;
  if (indent > 0 && depth > 0 && kind !== "code" && kind !== "table") looks.push({ start, end: start + indent, look: "hidden" });
}

/** What is left of a stretch without what is hidden. */
function wordsOf(text: string, { start, end }: Span, looks: Look[]): string {
  let words = "";
  let at = start;
  for (const hidden of looks.filter(({ look }) => look === "hidden").toSorted((a, b) => a.start - b.start)) {
    if (hidden.end <= at || hidden.start >= end) continue;
    words += text.slice(at, Math.max(at, hidden.start));
    at = hidden.end;
  }
  return words + text.slice(at, end);
}

/** Without one of these nothing in a line is more than its words. */
const SIGNS = /[#*_`~[\]<>&|\\+=-]|:\/\/|@|\d[.)]/;

/** A text without its signs, to be shown as a line of ours. The space after a number stays. */
export function bareWords(text: string): string {
  if (!SIGNS.test(text)) return text.trim();
  const { looks } = markdownSetting(text);
  const numberEnds = new Set(looks.filter(({ look }) => look === "number").map(({ end }) => end));
  return wordsOf(text, { start: 0, end: text.length }, looks.filter(({ start }) => !numberEnds.has(start))).trim();
}

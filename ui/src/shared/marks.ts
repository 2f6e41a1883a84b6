import type { Span } from "../wire/Span";
import type { Look } from "./markdown";

/** A stretch of text with one look. The pieces of a stretch, joined, are that stretch. */
export interface Piece {
  text: string;
  quoted: boolean;
  matched: boolean;
  looks: Look["look"][];
}

/** No cut may fall between the halves of one character. */
function wholeCharacter(text: string, at: number): number {
  const clamped = Math.min(Math.max(at, 0), text.length);
  const unit = text.charCodeAt(clamped);
  return unit >= 0xdc00 && unit <= 0xdfff ? clamped - 1 : clamped;
}

/**
 * Cuts `within` of a text where the quote, the matches and the looks begin and end. Spans count UTF-16 units of the whole text.
 * Hidden signs that hold something of a match are shown after all.
 */
export function pieces(text: string, quote: Span | null, matches: Span[], within: Span = { start: 0, end: text.length }, looks: Look[] = []): Piece[] {
  const overlaps = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;
  const snap = <S extends Span>(span: S): S => ({ ...span, start: wholeCharacter(text, span.start), end: wholeCharacter(text, span.end) });
  const whole = snap(within);
  const quoted = quote === null ? null : snap(quote);
  const matched = matches.map(snap).filter((span) => overlaps(span, whole));
  const looked = looks
    .filter((span) => overlaps(span, whole))
    .map((span) => (span.look === "hidden" && matched.some((match) => overlaps(match, span)) ? { ...span, look: "aside" as const } : span));
  const cuts = new Set([whole.start, whole.end]);
  for (const { start, end } of [...matched, ...looked, ...(quoted === null ? [] : [quoted])]) {
    for (const at of [start, end]) if (at > whole.start && at < whole.end) cuts.add(at);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  const inside = (at: number, span: Span): boolean => span.start <= at && at < span.end;
  return sorted.slice(0, -1).map((start, index) => ({
    text: text.slice(start, sorted[index + 1]),
    quoted: quoted !== null && inside(start, quoted),
    matched: matched.some((span) => inside(start, span)),
    looks: [...new Set(looked.filter((span) => inside(start, span)).map(({ look }) => look))],
  }));
}

/** How much of a passage a list shows, in UTF-16 units. A longer quote is shown whole. */
const EXCERPT_UNITS_MAX = 420;

/** A stretch of a passage around its quote, short enough to be read in a list. */
export function excerpt(text: string, quote: Span): Span {
  if (text.length <= EXCERPT_UNITS_MAX * 1.25) return { start: 0, end: text.length };
  const room = Math.max(0, EXCERPT_UNITS_MAX - (quote.end - quote.start));
  const start = wordStart(text, Math.max(0, Math.min(quote.start, quote.start - Math.floor(room / 3))));
  return { start, end: wordEnd(text, Math.max(quote.end, start + EXCERPT_UNITS_MAX)) };
}

/** How far a cut looks for a space; text without spaces is cut between two characters. */
const LOOK_UNITS_MAX = 30;

function wordStart(text: string, at: number): number {
  if (at === 0) return 0;
  const space = text.lastIndexOf(" ", at);
  return space >= 0 && at - space <= LOOK_UNITS_MAX ? space + 1 : wholeCharacter(text, at);
}

function wordEnd(text: string, at: number): number {
  if (at >= text.length) return text.length;
  const space = text.indexOf(" ", at);
  return space >= 0 && space - at <= LOOK_UNITS_MAX ? space : wholeCharacter(text, at);
}

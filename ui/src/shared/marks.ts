import type { Span } from "../wire/Span";

/** A stretch of text with one look. The pieces of a text, joined, are the text. */
export interface Piece {
  text: string;
  quoted: boolean;
  matched: boolean;
}

/** No cut may fall between the halves of one character. */
function wholeCharacter(text: string, at: number): number {
  const clamped = Math.min(Math.max(at, 0), text.length);
  const unit = text.charCodeAt(clamped);
  return unit >= 0xdc00 && unit <= 0xdfff ? clamped - 1 : clamped;
}

/** Cuts `text` where the quote and the matches begin and end. Spans count UTF-16 units. */
export function pieces(text: string, quote: Span | null, matches: Span[]): Piece[] {
  const snap = ({ start, end }: Span): Span => ({
    start: wholeCharacter(text, start),
    end: wholeCharacter(text, end),
  });
  const quoted = quote === null ? null : snap(quote);
  const matched = matches.map(snap).filter((span) => span.start < span.end);
  const cuts = new Set([0, text.length]);
  for (const span of quoted === null ? matched : [...matched, quoted]) {
    cuts.add(span.start).add(span.end);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  const inside = (at: number, span: Span): boolean => span.start <= at && at < span.end;
  return sorted.slice(0, -1).map((start, index) => ({
    text: text.slice(start, sorted[index + 1]),
    quoted: quoted !== null && inside(start, quoted),
    matched: matched.some((span) => inside(start, span)),
  }));
}

/** A stretch of a passage around its quote, short enough to be read in a list. */
export interface Excerpt {
  text: string;
  quote: Span;
  matches: Span[];
  cutBefore: boolean;
  cutAfter: boolean;
}

/** How much of a passage a list shows, in UTF-16 units. A longer quote is shown whole. */
const EXCERPT_UNITS_MAX = 420;

export function excerpt(text: string, quote: Span, matches: Span[]): Excerpt {
  if (text.length <= EXCERPT_UNITS_MAX * 1.25) {
    return { text, quote, matches, cutBefore: false, cutAfter: false };
  }
  const room = Math.max(0, EXCERPT_UNITS_MAX - (quote.end - quote.start));
  const start = wordStart(text, Math.max(0, Math.min(quote.start, quote.start - Math.floor(room / 3))));
  const end = wordEnd(text, Math.max(quote.end, start + EXCERPT_UNITS_MAX));
  const shift = (span: Span): Span => ({ start: span.start - start, end: Math.min(span.end, end) - start });
  return {
    text: text.slice(start, end),
    quote: shift(quote),
    matches: matches.filter((span) => span.start >= start && span.start < end).map(shift),
    cutBefore: start > 0,
    cutAfter: end < text.length,
  };
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

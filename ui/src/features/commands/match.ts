/** What a command is found by. */
export interface Findable {
  title: string;
  /** Further words that a person may look for it by. */
  also?: string;
}

/** Writing without spaces between words: there, a word may begin anywhere. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Shorter pieces are found inside too many words to mean anything. */
const INSIDE_LETTERS_MIN = 3;

/** Case, accents and the forms of a letter make no difference. */
export function wordsOf(text: string): string[] {
  const plain = text.normalize("NFKD").replace(/\p{M}+/gu, "").toLocaleLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** What is found again at the next letter is not taken apart again. */
const known = new WeakMap<Findable, { title: string[]; other: string[] }>();

function wordsIn(findable: Findable): { title: string[]; other: string[] } {
  const before = known.get(findable);
  if (before !== undefined) return before;
  const words = { title: wordsOf(findable.title), other: wordsOf(findable.also ?? "") };
  known.set(findable, words);
  return words;
}

/**
 * How far something is from what was typed: every word typed must begin a word of it, in any order. 0 is nearest, null is no match.
 * Words of the title are nearer than other words, and beginnings are nearer than middles.
 */
export function distance(typed: readonly string[], findable: Findable): number | null {
  const { title: titleWords, other: otherWords } = wordsIn(findable);
  let sum = 0;
  for (const word of typed) {
    const one = nearest(word, titleWords, otherWords);
    if (one === null) return null;
    sum += one;
  }
  const begins = typed.every((word, index) => titleWords[index]?.startsWith(word));
  return begins ? sum : sum + 1;
}

function nearest(word: string, title: readonly string[], other: readonly string[]): number | null {
  if (title.includes(word)) return 0;
  if (title.some((one) => one.startsWith(word))) return 1;
  if (other.some((one) => one.startsWith(word))) return 4;
  const long = word.length >= INSIDE_LETTERS_MIN || UNSPACED.test(word);
  if (long && title.some((one) => one.includes(word))) return 6;
  return null;
}

/** What matches, nearest first; equals stay in their order. */
export function matching<T extends Findable>(query: string, all: readonly T[]): T[] {
  const typed = wordsOf(query);
  return all
    .map((one) => ({ one, far: distance(typed, one) }))
    .filter((found): found is { one: T; far: number } => found.far !== null)
    .toSorted((a, b) => a.far - b.far)
    .map(({ one }) => one);
}

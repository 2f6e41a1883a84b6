/** A clause as a sentence of its own: "the disk is full" becomes "The disk is full." */
export function sentence(clause: string): string {
  const [first = "", ...rest] = clause;
  const capital = first.toLocaleUpperCase() + rest.join("");
  return /[\p{L}\p{N}"”)]$/u.test(capital) ? `${capital}.` : capital;
}

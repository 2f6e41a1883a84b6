/** Which end of a period a day stands for when only its year or month is given. */
export type PeriodEnd = "first" | "last";

const form = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/;

/** Reads `2023`, `2023-4` or `2023-04-05` as a day, `YYYY-MM-DD`; null when there is no such day. */
export function parseDay(text: string, end: PeriodEnd): string | null {
  const parts = form.exec(text.trim());
  if (parts === null) return null;
  const year = Number(parts[1]);
  const month = parts[2] === undefined ? (end === "first" ? 1 : 12) : Number(parts[2]);
  if (month < 1 || month > 12) return null;
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const day = parts[3] === undefined ? (end === "first" ? 1 : last) : Number(parts[3]);
  if (day < 1 || day > last) return null;
  return `${parts[1]}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

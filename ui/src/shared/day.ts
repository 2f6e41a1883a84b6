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

export const recents = ["week", "month", "year"] as const;
export type Recent = (typeof recents)[number];

/** The first day of the last week, month or year, today included, by the person's own calendar. */
export function firstDayOf(recent: Recent, today: Date): string {
  const [year, month, date] = [today.getFullYear(), today.getMonth(), today.getDate()];
  if (recent === "week") return localDay(new Date(year, month, date - 6));
  const [thenYear, thenMonth] = recent === "month" ? [year, month - 1] : [year - 1, month];
  // A month back from the 31st is the last day of a shorter month.
  const last = new Date(thenYear, thenMonth + 1, 0).getDate();
  return localDay(new Date(thenYear, thenMonth, Math.min(date, last)));
}

/** The day of an instant by the person's own calendar, `YYYY-MM-DD`. */
export function localDay(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

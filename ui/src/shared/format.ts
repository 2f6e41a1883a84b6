/** Numbers, sizes, times and places in the person's own locale. */

const numbers = new Intl.NumberFormat();
const decimals = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const wholes = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const daysInUtc = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const longDaysInUtc = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeZone: "UTC" });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const hours = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const weekdaysInUtc = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
const monthsInUtc = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "long", timeZone: "UTC" });
const yearlessInUtc = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", timeZone: "UTC" });
const exactMoments = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

export const number = (value: number): string => numbers.format(value);

/** With at most one decimal. */
export const decimal = (value: number): string => decimals.format(value);

const byteUnits = ["B", "KB", "MB", "GB", "TB"] as const;

export function bytes(value: number): string {
  let unit = 0;
  let size = value;
  while (size >= 1000 && unit < byteUnits.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${(size >= 100 ? wholes : decimals).format(size)} ${byteUnits[unit]}`;
}

/** An instant of exactly midnight in UTC stands for a day whose hour nobody stated. */
const isDayOnly = (iso: string): boolean => /T00:00:00(\.0+)?(Z|\+00:00)$/.test(iso) || !iso.includes("T");

function parsed(iso: string): Date | null {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? null : date;
}

export function day(iso: string): string {
  const date = parsed(iso);
  return date === null ? iso : (isDayOnly(iso) ? daysInUtc : days).format(date);
}

export function moment(iso: string): string {
  const date = parsed(iso);
  return date === null ? iso : moments.format(date);
}

/** The hour of an instant alone, where its day stands elsewhere. */
export function hour(iso: string): string {
  const date = parsed(iso);
  return date === null ? iso : hours.format(date);
}

/** A day, `YYYY-MM-DD`, with its weekday and without its year. */
export function weekday(day: string): string {
  const date = parsed(day);
  return date === null ? day : weekdaysInUtc.format(date);
}

/** A date as far as it is said: `2024-05-07`, `2024-05`, or `--05-07` of any year. */
export function said(date: string): string {
  const found = /^(\d{4}|-)-(\d{2})(?:-(\d{2}))?$/.exec(date);
  if (found === null) return date;
  const [, year, month, on] = found;
  if (year === "-" && on === undefined) return date;
  const form = year === "-" ? yearlessInUtc : on === undefined ? monthsInUtc : daysInUtc;
  const instant = parsed(`${year === "-" ? "2000" : year}-${month}-${on ?? "01"}T00:00:00Z`);
  return instant === null ? date : form.format(instant);
}

/** The whole truth about an instant, for a title. */
export function exact(iso: string): string {
  const date = parsed(iso);
  if (date === null) return iso;
  return isDayOnly(iso) ? longDaysInUtc.format(date) : exactMoments.format(date);
}

const relatives = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const RELATIVE_DAYS_MAX = 7;

/** How long ago it was, in whole minutes, hours or days; older instants by their day. `now` is in milliseconds. */
export function ago(iso: string, now: number): string {
  const date = parsed(iso);
  if (date === null) return iso;
  const minutes = Math.floor(Math.max(0, now - date.getTime()) / 60_000);
  if (minutes < 1) return relatives.format(0, "second");
  if (minutes < 60) return relatives.format(-minutes, "minute");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return relatives.format(-hours, "hour");
  const past = Math.floor(hours / 24);
  return past <= RELATIVE_DAYS_MAX ? relatives.format(-past, "day") : day(iso);
}

export function dayRange(first: string | null, last: string | null): string | null {
  if (first === null || last === null) {
    const one = first ?? last;
    return one === null ? null : day(one);
  }
  const [from, to] = [day(first), day(last)];
  return from === to ? from : `${from} – ${to}`;
}

const homes = /^(\/home\/[^/]+|\/Users\/[^/]+|\/root|[A-Za-z]:\\Users\\[^\\]+)(?=[\\/]|$)/;

/** A path with the person's own folder as `~`: shorter to read, and safe to share. */
export const tilde = (path: string): string => path.replace(homes, "~");

/** The same for text in which paths may stand anywhere. */
export const tildeAll = (text: string): string =>
  text.replace(/(\/home\/[^/\s"']+|\/Users\/[^/\s"']+|\/root(?=\/)|[A-Za-z]:\\Users\\[^\\\s"']+)/g, "~");

/** Where a passage stands is a file, or a conversation by its service and key: a drive has one letter. */
export const isFile = (path: string | null): path is string => path !== null && !/^\w{2,}:/.test(path);

export function fileName(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
}

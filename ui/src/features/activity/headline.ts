import { day } from "../../shared/format";
import type { IconName } from "../../shared/Icon.svelte";
import { t } from "../../strings";
import type { Activity } from "../../wire/Activity";

export type Mood = "idle" | "working" | "waiting" | "paused" | "failed";

export const moodIcons: Record<Mood, IconName> = { idle: "ok", working: "clock", waiting: "clock", paused: "pause", failed: "warn" };

export function moodOf(all: Activity): Mood {
  const { work, imports, running, waiting, copy, failed, names_to_come, meaning_to_come } = all;
  if (work.paused !== null) return "paused";
  const works = running.length > 0 || waiting.length > 0 || copy !== null || imports.some(({ state }) => state === "running");
  if (works) return isPutOff(all) ? "waiting" : "working";
  if (names_to_come || meaning_to_come?.on_battery === false) return "working";
  if (meaning_to_come !== null) return "waiting";
  return failed.length > 0 ? "failed" : "idle";
}

/** All that is left waits for another try. */
function isPutOff({ imports, running, waiting, put_off, copy }: Activity): boolean {
  const now = running.length > 0 || copy !== null || imports.some(({ state }) => state === "running");
  return !now && put_off.length > 0 && waiting.every((one) => one.put_off === one.count);
}

/** One sentence about everything. `now` is in milliseconds. */
export function headline(all: Activity, now: number): string {
  const words = t.activity.headline;
  const { work, imports, waiting, put_off, copy } = all;
  const open = waiting.reduce((sum, { count }) => sum + count, 0);
  if (work.paused?.by === "person" && open === 0 && all.names_to_come) return words.pausedNames;
  if (work.paused !== null) return work.paused.by === "person" ? words.paused(open) : words.full;
  const running = imports.filter(({ state }) => state === "running");
  if (running.length > 0) {
    const sum = (of: (batch: (typeof running)[number]) => number): number => running.reduce((all, batch) => all + of(batch), 0);
    const known = running.flatMap(({ eta_seconds }) => eta_seconds ?? []);
    const eta = known.length === running.length ? Math.max(...known) : null;
    return words.reading(sum(({ ended }) => ended), sum(({ total }) => total), eta);
  }
  if (copy !== null) return words.copying[copy.work];
  const next = put_off[0];
  if (next !== undefined && isPutOff(all)) return words.putOff((Date.parse(next.until) - now) / 1000);
  if (open + all.running.length > 0) return words.summarising(open + all.running.length);
  if (all.names_to_come) return words.naming;
  if (all.meaning_to_come?.on_battery) return words.onBattery;
  if (all.meaning_to_come !== null) return words.meaning(all.meaning_to_come.passages, all.meaning_to_come.eta_seconds);
  const failed = work.counts?.failed ?? 0;
  if (failed > 0) return words.failed(failed);
  const last = imports[0];
  return last === undefined ? words.nothingYet : words.idle(day(last.ended_at ?? last.created_at));
}

import { localDay } from "../../shared/day";
import type { Happened } from "../../wire/Happened";
import type { HealthState } from "../../wire/HealthState";
import type { Timeline } from "../../wire/Timeline";
import type { TimelineAt } from "../../wire/TimelineAt";
import type { TimelineDay } from "../../wire/TimelineDay";
import type { TimelineEntry } from "../../wire/TimelineEntry";

const DAYS = 30;
const DAY_MS = 86_400_000;

/** What happened so many days and hours ago. Days that are not named had little but their start. */
const days: Record<number, [number, Happened][]> = {
  0: [
    [0.2, { kind: "import", batch: "imp-2", label: "Notes", added: 12, failed: 2 }],
    [0.4, { kind: "started", version: "0.1.0", updated_from: null }],
  ],
  1: [
    [2, { kind: "fix", receipt: "fix-2", code: "back_up_now", summary: "A backup of 46 MB was made and read through.", undone: false }],
    [2.1, { kind: "health", code: "backup", from: "warn", to: "ok", cause: "The newest backup is of today and was read through." }],
    [9, { kind: "health", code: "backup", from: "ok", to: "warn", cause: "The newest backup is 8 days old." }],
    [10, { kind: "started", version: "0.1.0", updated_from: null }],
  ],
  2: [
    [3, { kind: "health", code: "space", from: "warn", to: "ok", cause: "The memory takes 46 MB; 212 GB are free." }],
    [8, { kind: "health", code: "space", from: "ok", to: "warn", cause: "There are 890 MB left on the disk." }],
    [9, { kind: "import", batch: "imp-1", label: "Field journal", added: 402, failed: 0 }],
  ],
  6: [
    [4, { kind: "health", code: "store", from: "fail", to: "ok", cause: "Open, last written a moment ago." }],
    [4.1, { kind: "fix", receipt: "fix-1", code: "set_aside_orphans", summary: "4 loose rows were set aside.", undone: false }],
    [4.2, { kind: "health", code: "store", from: "ok", to: "fail", cause: "The disk answered with an error three times in a row, so reading was paused." }],
    [5, { kind: "ended_badly" }],
  ],
  11: [
    [5, { kind: "fix", receipt: "fix-0", code: "stop_watching", summary: "“Old disk” is not watched any more.", undone: true }],
    [6, { kind: "health", code: "watched_folders", from: "ok", to: "warn", cause: "The watched folder “Old disk” is not there, or empty." }],
  ],
  15: [
    [1, { kind: "health", code: "faithful", from: "crashed", to: "ok", cause: "Each of 366 sentences stands in its sources." }],
    [2, { kind: "health", code: "faithful", from: "ok", to: "crashed", cause: "The check ended before it had an answer." }],
    [2.1, { kind: "crash", place: "oldgrowth_engine::checks::faithful" }],
  ],
  20: [[3, { kind: "started", version: "0.1.0", updated_from: "0.0.9" }]],
};
const off = new Set([8, 9, 16, 23, 29]);
const worst: Record<number, HealthState> = { 0: "ok", 1: "warn", 2: "warn", 6: "fail", 11: "warn", 12: "warn", 15: "crashed" };

/** Days of which some have nothing to tell. */
export class FakeTimeline {
  #entries: TimelineEntry[];

  constructor(private readonly empty: boolean) {
    const at = (day: number, hour: number): string => new Date(Date.now() - day * DAY_MS - hour * 1_200_000).toISOString();
    const told: { at: string; what: Happened }[] = [];
    for (let day = 0; day < DAYS && !empty; day += 1) {
      if (off.has(day)) continue;
      const started: [number, Happened] = [11, { kind: "started", version: day < 20 ? "0.1.0" : "0.0.9", updated_from: null }];
      const imported: [number, Happened] = [4, { kind: "import", batch: "imp-1", label: "Field journal", added: (day * 7) % 11, failed: 0 }];
      for (const [hour, what] of days[day] ?? (day % 4 === 0 ? [started] : [imported, started])) told.push({ at: at(day, hour), what });
    }
    this.#entries = told.map((entry, index) => ({ ...entry, number: told.length - index }));
  }

  add(what: Happened): void {
    this.#entries = [{ number: (this.#entries[0]?.number ?? 0) + 1, at: new Date().toISOString(), what }, ...this.#entries];
  }

  page({ before, limit }: TimelineAt, now: HealthState): Timeline {
    const older = this.#entries.filter(({ number }) => before === null || number < before);
    const entries = older.slice(0, limit);
    return { entries, more: older.length > entries.length, days: this.#days(now) };
  }

  #days(now: HealthState): TimelineDay[] {
    return Array.from({ length: DAYS }, (_, index) => {
      const back = DAYS - 1 - index;
      const known: HealthState | null = this.empty || off.has(back) ? null : (worst[back] ?? "ok");
      return { day: localDay(new Date(Date.now() - back * DAY_MS)), state: back === 0 && !this.empty ? now : known };
    });
  }
}

import type { Activity } from "../../wire/Activity";
import type { Batch } from "../../wire/Batch";
import type { Event } from "../../wire/Event";
import type { FailedAt } from "../../wire/FailedAt";
import type { FailedGroup } from "../../wire/FailedGroup";
import type { JobCancelled } from "../../wire/JobCancelled";
import type { JobsRetry } from "../../wire/JobsRetry";
import type { Pause } from "../../wire/Pause";
import type { Retried } from "../../wire/Retried";
import type { Work } from "../../wire/Work";
import type { WorkFailed } from "../../wire/WorkFailed";
import type { WorkItem } from "../../wire/WorkItem";

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

const file = (id: string, path: string, part: Partial<WorkItem> = {}): WorkItem => ({
  id,
  kind: "import",
  path: `/home/ada/Documents/${path}`,
  source: "Notes",
  batch: "imp-2",
  attempts: 1,
  attempts_max: 5,
  reason: null,
  ...part,
});

const summary = (id: string, part: Partial<WorkItem> = {}): WorkItem => file(id, "", { kind: "summary", path: null, batch: null, ...part });

const notAllowed = "may not be read by this user. Give yourself permission to read it, then import again.";
const changed = "changed while it was being read. Import again when the other program has finished with it.";

const failedItems: Record<string, WorkFailed[]> = {
  not_allowed: Array.from({ length: 64 }, (_, index) => ({
    item: file(`${300 + index}`, `Notes/private/diary-${2019 - Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}.md`, { reason: notAllowed }),
    at: ago(3600 * 5 + index),
  })),
  changed_while_reading: [{ item: file("400", "Notes/inbox/today.md", { reason: changed, attempts: 5 }), at: ago(3600 * 5 + 90) }],
  model_refused: [{ item: summary("401", { attempts: 5, reason: "The summariser failed on it; a fault of ours." }), at: ago(120) }],
};

/** What the made-up memory is doing. */
export class FakeWork {
  #paused: Pause | null;
  #failed: string[];
  readonly #leftOut = new Set<string>();

  constructor(
    private readonly scenario: string,
    private readonly batches: () => Batch[],
    private readonly emit: (event: Event) => void,
  ) {
    this.#paused = scenario === "paused" ? { since: ago(25 * 60), by: "person" } : null;
    this.#failed = scenario === "failed" ? Object.keys(failedItems) : [];
  }

  get paused(): boolean {
    return this.#paused !== null;
  }

  now(): Work {
    const { waiting, put_off, failed, running } = this.#parts();
    return {
      paused: this.#paused,
      counts: {
        running: running.length,
        waiting: waiting.reduce((sum, { count }) => sum + count, 0),
        put_off: put_off.length,
        failed: failed.reduce((sum, { items, summaries }) => sum + items + summaries, 0),
      },
    };
  }

  all(): Activity {
    const order = (batch: Batch): number => (batch.state === "running" ? 0 : 1);
    return {
      work: this.now(),
      ...this.#parts(),
      imports: this.batches().toSorted((a, b) => order(a) - order(b)),
      copy: null,
      names_to_come: this.scenario === "importing" || this.scenario === "paused" || this.scenario === "naming",
      meaning_to_come: null,
      at: new Date().toISOString(),
    };
  }

  failed({ reason, offset, limit }: FailedAt): WorkFailed[] {
    const rows = reason === null ? this.#failed.flatMap((code) => failedItems[code] ?? []) : (failedItems[reason] ?? []);
    return rows.slice(offset ?? 0, (offset ?? 0) + (limit ?? 50));
  }

  pause(): Work {
    this.#paused ??= { since: new Date().toISOString(), by: "person" };
    return this.#told();
  }

  resume(): Work {
    this.#paused = null;
    return this.#told();
  }

  retry({ reason }: JobsRetry): Retried {
    const codes = this.#failed.filter((code) => reason === null || code === reason);
    this.#failed = this.#failed.filter((code) => !codes.includes(code));
    this.#told();
    return { queued: codes.reduce((sum, code) => sum + (failedItems[code]?.length ?? 0), 0) };
  }

  leaveOut(id: string): JobCancelled {
    const cancelled = this.#parts().running.some(({ item }) => item.id === id && item.kind === "import");
    if (cancelled) this.#leftOut.add(id);
    this.#told();
    return { cancelled };
  }

  #told(): Work {
    const work = this.now();
    this.emit({ event: "work", ...work });
    return work;
  }

  #parts(): Pick<Activity, "running" | "waiting" | "put_off" | "failed"> {
    const batch = this.batches().find(({ state }) => state === "running");
    const left = batch === undefined ? 0 : batch.total - batch.ended;
    const reads = batch !== undefined && this.#paused === null;
    const putOff = this.scenario === "putoff";
    return {
      running: reads
        ? [
            { item: file("501", "Research/interviews/2026-04-forester-und-die-alten-buchen.md", { source: batch.label, batch: batch.id }), since: ago(2), beside: 0 },
            { item: summary("502", { source: "Field journal", attempts: 2 }), since: ago(41), beside: 0 },
          ].filter(({ item }) => !this.#leftOut.has(item.id))
        : [],
      waiting: [
        ...(left > 0 ? [{ kind: "import" as const, count: left, put_off: 0 }] : []),
        ...(putOff ? [{ kind: "summary" as const, count: 2, put_off: 2 }] : []),
        ...(left > 0 ? [{ kind: "summary" as const, count: 3, put_off: 0 }] : []),
      ],
      put_off: putOff
        ? [
            { item: summary("601", { attempts: 0, reason: "the summariser did not answer" }), until: ago(-40) },
            { item: summary("602", { source: "Field journal", attempts: 2, reason: "the memory could not be used just then" }), until: ago(-95) },
          ]
        : [],
      failed: this.#failed.map((reason): FailedGroup => {
        const rows = failedItems[reason] ?? [];
        return {
          reason,
          message: rows[0]?.item.reason ?? "",
          items: rows.filter(({ item }) => item.kind === "import").length,
          summaries: rows.filter(({ item }) => item.kind !== "import").length,
          newest_at: rows[0]?.at ?? "",
          newest: rows.slice(0, 3),
        };
      }),
    };
  }
}

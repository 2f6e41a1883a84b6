import { SvelteMap } from "svelte/reactivity";
import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import { Refresher } from "../../state/refresher";
import { t } from "../../strings";
import type { Activity } from "../../wire/Activity";
import type { Batch } from "../../wire/Batch";
import type { WireError } from "../../wire/WireError";
import type { Work } from "../../wire/Work";
import type { WorkFailed } from "../../wire/WorkFailed";
import type { WorkItem } from "../../wire/WorkItem";

/** How many failed pieces of work are listed at a time. */
const PAGE = 50;

/** What failed for one reason, as far as it is listed. */
export interface FailedList {
  rows: WorkFailed[];
  loading: boolean;
  error: WireError | null;
}

/** What the memory is doing. The sidebar reads `work`, which events keep true; the place reads all of it while it is open. */
export class ActivityState {
  all = $state.raw<Activity | null>(null);
  work = $state.raw<Work | null>(null);
  error = $state.raw<WireError | null>(null);
  /** Why what was asked for last could not be done. */
  refused = $state.raw<WireError | null>(null);
  busy = $state<"pause" | "retry" | null>(null);
  readonly lists = new SvelteMap<string, FailedList>();
  #watchers = 0;
  #latest = new Latest();
  #heard = 0;
  readonly #refresher: Refresher;

  constructor(
    private readonly platform: Platform,
    /** Tells the person what has been done. */
    private readonly done: (text: string) => void,
  ) {
    this.#refresher = new Refresher(() => this.load());
  }

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    const heard = this.#heard;
    try {
      const all = await this.platform.call("activity", {});
      if (!isNewest()) return;
      this.all = all;
      // An event that came while this was read is newer.
      if (heard === this.#heard) this.work = all.work;
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** The place is open, until the answer is called. */
  watch(): () => void {
    this.#watchers += 1;
    this.#refresher.want();
    return () => {
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#refresher.stop();
    };
  }

  /** Takes an event, which is always the newest there is. */
  apply(work: Work): void {
    this.#heard += 1;
    this.work = work;
    this.changed();
  }

  /** Something that the place shows has changed. */
  changed(): void {
    if (this.#watchers > 0) this.#refresher.want();
  }

  /** The window can be seen again. */
  shown(): void {
    this.#refresher.shown();
  }

  get paused(): boolean {
    return this.work?.paused?.by === "person";
  }

  /** How many pieces of work have not come to an end. */
  get open(): number {
    const counts = this.work?.counts;
    return counts ? counts.waiting + counts.running : 0;
  }

  get failed(): number {
    return this.work?.counts?.failed ?? 0;
  }

  async pause(): Promise<void> {
    await this.#change("work_pause", t.activity.said.paused);
  }

  async resume(): Promise<void> {
    await this.#change("work_resume", t.activity.said.resumed);
  }

  /** Queues once more what failed: for one reason, or all of it. */
  async retry(reason: string | null): Promise<void> {
    if (this.busy !== null) return;
    this.busy = "retry";
    this.refused = null;
    try {
      const { queued } = await this.platform.call("jobs_retry", { reason, id: null });
      if (reason === null) this.lists.clear();
      else this.lists.delete(reason);
      this.done(t.activity.said.retried(queued));
      await this.load();
    } catch (thrown) {
      this.refused = toWireError(thrown);
    }
    this.busy = null;
  }

  async stopImport({ id, label }: Batch): Promise<void> {
    this.refused = null;
    try {
      await this.platform.call("batch_cancel", { id });
      this.done(t.activity.said.stopped(label));
      await this.load();
    } catch (thrown) {
      this.refused = toWireError(thrown);
    }
  }

  /** Leaves one item out of its import; nothing of it is kept. */
  async leaveOut({ id }: WorkItem, file: string): Promise<void> {
    this.refused = null;
    try {
      const { cancelled } = await this.platform.call("job_cancel", { id });
      this.done(t.activity.said.leftOut(file, cancelled));
      await this.load();
    } catch (thrown) {
      this.refused = toWireError(thrown);
    }
  }

  /** Lists what failed for a reason, or puts the list away. */
  async toggle(reason: string): Promise<void> {
    if (this.lists.has(reason)) this.lists.delete(reason);
    else await this.more(reason);
  }

  /** Lists the next page of it. */
  async more(reason: string): Promise<void> {
    const { rows = [] } = this.lists.get(reason) ?? {};
    this.lists.set(reason, { rows, loading: true, error: null });
    try {
      const next = await this.platform.call("jobs_failed", { reason, offset: rows.length, limit: PAGE });
      if (!this.lists.has(reason)) return;
      const known = new Set(rows.map(({ item }) => item.id));
      this.lists.set(reason, { rows: [...rows, ...next.filter(({ item }) => !known.has(item.id))], loading: false, error: null });
    } catch (thrown) {
      if (this.lists.has(reason)) this.lists.set(reason, { rows, loading: false, error: toWireError(thrown) });
    }
  }

  async #change(method: "work_pause" | "work_resume", said: string): Promise<void> {
    if (this.busy !== null) return;
    this.busy = "pause";
    this.refused = null;
    try {
      this.apply(await this.platform.call(method, {}));
      this.done(said);
    } catch (thrown) {
      this.refused = toWireError(thrown);
    }
    this.busy = null;
  }
}

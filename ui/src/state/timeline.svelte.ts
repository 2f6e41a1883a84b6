import { toWireError } from "../errors";
import type { Platform } from "../platform";
import { localDay } from "../shared/day";
import { Latest } from "../shared/latest";
import type { TimelineDay } from "../wire/TimelineDay";
import type { TimelineEntry } from "../wire/TimelineEntry";
import type { WireError } from "../wire/WireError";
import { Refresher } from "./refresher";

/** How many entries are read at a time. */
const PAGE = 50;

/** What happened on one day, newest first. */
export interface DayOfEntries {
  day: string;
  entries: TimelineEntry[];
}

/** What has happened to this memory's health, newest first, as far as it has been read. */
export class TimelineState {
  entries = $state.raw<TimelineEntry[] | null>(null);
  days = $state.raw<TimelineDay[]>([]);
  more = $state(false);
  error = $state.raw<WireError | null>(null);
  loadingMore = $state(false);
  #watchers = 0;
  #latest = new Latest();
  readonly #refresher: Refresher;

  constructor(private readonly platform: Platform) {
    this.#refresher = new Refresher(() => this.load());
  }

  /** Reads the newest, and keeps what has been read of the older ones. */
  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const page = await this.platform.call("timeline", { before: null, limit: PAGE });
      if (!isNewest()) return;
      const oldest = page.entries.at(-1)?.number;
      const known = this.entries ?? [];
      // With a gap between them, what was read before is read again when it is asked for.
      const joins = oldest !== undefined && known.some(({ number }) => number === oldest);
      const older = joins ? known.filter(({ number }) => number < oldest) : [];
      this.entries = [...page.entries, ...older];
      if (older.length === 0) this.more = page.more;
      this.days = page.days;
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  async loadMore(): Promise<void> {
    const last = this.entries?.at(-1);
    if (last === undefined || this.loadingMore) return;
    this.loadingMore = true;
    try {
      const page = await this.platform.call("timeline", { before: last.number, limit: PAGE });
      // Read anew meanwhile, it may end elsewhere.
      if (this.entries?.at(-1)?.number === last.number) {
        this.entries = [...this.entries, ...page.entries];
        this.more = page.more;
      }
      this.error = null;
    } catch (thrown) {
      this.error = toWireError(thrown);
    }
    this.loadingMore = false;
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

  /** Something may have happened. */
  changed(): void {
    if (this.#watchers > 0) this.#refresher.want();
  }

  /** The window can be seen again. */
  shown(): void {
    this.#refresher.shown();
  }

  /** Another memory is open. */
  renew(): void {
    this.#latest.begin();
    this.entries = null;
    this.days = [];
    this.more = false;
    this.changed();
  }

  get byDay(): DayOfEntries[] {
    const groups: DayOfEntries[] = [];
    for (const entry of this.entries ?? []) {
      const day = localDay(new Date(entry.at));
      const last = groups.at(-1);
      if (last?.day === day) last.entries.push(entry);
      else groups.push({ day, entries: [entry] });
    }
    return groups;
  }
}

import { toWireError } from "../errors";
import type { Platform } from "../platform";
import type { Component } from "../wire/Component";
import type { ComponentCode } from "../wire/ComponentCode";
import type { HealthState } from "../wire/HealthState";
import type { Status } from "../wire/Status";
import type { WireError } from "../wire/WireError";

/** The states from worst to best. */
export const healthStates = ["fail", "warn", "crashed", "unknown", "ok"] as const satisfies readonly HealthState[];
const weight = (state: HealthState): number => healthStates.indexOf(state);

/** Something that a person should look at, and the checks that can't be answered before it is mended. */
export interface Finding {
  row: Component;
  waiting: Component[];
}

/** Checks that were asked for here and have not been answered. */
interface Run {
  /** None named: all of them. */
  codes: ComponentCode[];
  /** When each was last looked at as they were asked for. */
  before: Map<ComponentCode, string | null>;
}

export const isUnwell = ({ state }: Component): boolean => state === "fail" || state === "warn" || state === "crashed";

/** The health of everything, as last heard of. The sidebar and the Doctor both read it here. */
export class Health {
  status = $state.raw<Status | null>(null);
  error = $state.raw<WireError | null>(null);
  /** Why what was asked for last could not be done. */
  refused = $state.raw<WireError | null>(null);
  /** The store is being tried. */
  trying = $state(false);
  stopping = $state(false);
  #runs = $state.raw<Run[]>([]);

  /** The next status counts from a new beginning. */
  #anew = false;

  constructor(
    private readonly platform: Platform,
    /** All checks that were asked for have ended, or were stopped. */
    private readonly onRan: (end: "ran" | "stopped") => void = () => {},
  ) {}

  /** The memory was closed and opened again, and counts anew. */
  renew(): void {
    this.#anew = true;
  }

  /** Takes a status unless a newer one is known. */
  apply(status: Status): void {
    if (!this.#anew && this.status !== null && status.seq < this.status.seq) return;
    this.#anew = false;
    this.status = status;
    this.error = null;
  }

  async load(): Promise<void> {
    try {
      this.apply(await this.platform.call("status", {}));
    } catch (thrown) {
      this.error = toWireError(thrown);
    }
  }

  /** Runs these checks now, or all of them, those that take long among them. What is running already is not asked for twice. */
  async run(named: ComponentCode[] = []): Promise<void> {
    const all = named.length === 0;
    const codes = named.filter((code) => !this.isRunning(code));
    if (all ? this.runningAll : codes.length === 0) return;
    const before = new Map((this.status?.components ?? []).map(({ code, checked_at }) => [code, checked_at]));
    const run: Run = { codes, before };
    this.#runs = [...this.#runs, run];
    this.refused = null;
    let stopped = false;
    try {
      this.apply(await this.platform.call("checks_run", { codes }));
      // A run that was stopped may answer as one that has ended.
      stopped = this.stopping;
    } catch (thrown) {
      const error = toWireError(thrown);
      stopped = error.code === "cancelled";
      if (!stopped) this.refused = error;
    }
    this.#runs = this.#runs.filter((one) => one !== run);
    if (this.#runs.length === 0) this.stopping = false;
    if (stopped) this.onRan("stopped");
    else if (all && this.refused === null) this.onRan("ran");
  }

  /** Stops the checks that are under way. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    try {
      await this.platform.call("checks_cancel", {});
      if (this.#runs.length === 0) this.stopping = false;
    } catch (thrown) {
      this.refused = toWireError(thrown);
      this.stopping = false;
    }
  }

  async tryNow(): Promise<void> {
    this.trying = true;
    this.refused = null;
    try {
      this.apply(await this.platform.call("store_try_now", {}));
    } catch (thrown) {
      this.refused = toWireError(thrown);
    }
    this.trying = false;
  }

  isRunning(code: ComponentCode): boolean {
    return this.row(code)?.running === true || this.#runs.some(({ codes }) => codes.includes(code));
  }

  get running(): boolean {
    return this.#runs.length > 0 || (this.status?.components ?? []).some(({ running }) => running);
  }

  get runningAll(): boolean {
    return this.#runs.some(({ codes }) => codes.length === 0);
  }

  /** Of a run of all checks, how many have been looked at; null when no such run is under way. */
  get progress(): { done: number; of: number } | null {
    const run = this.#runs.find(({ codes }) => codes.length === 0);
    if (run === undefined) return null;
    const rows = this.status?.components ?? [];
    const done = rows.filter(({ code, checked_at, running }) => !running && checked_at !== null && checked_at !== run.before.get(code)).length;
    return { done, of: rows.length };
  }

  row(code: ComponentCode): Component | undefined {
    return this.status?.components.find((row) => row.code === code);
  }

  get storeFails(): boolean {
    return this.row("store")?.state === "fail";
  }

  /** Also while nothing can be written. What is read waits for a memory that can't be. */
  get canRead(): boolean {
    return !this.storeFails || this.row("coverage")?.waits_for !== "store";
  }

  get storeUnwell(): boolean {
    const state = this.row("store")?.state;
    return state === "fail" || state === "warn";
  }

  /** In words, how much of what was read can be found. */
  get coverage(): string | null {
    return this.row("coverage")?.cause ?? null;
  }

  /** What needs a person, the worst first, and a store that fails before everything. What waits for another is folded under it. */
  get findings(): Finding[] {
    const rows = this.status?.components ?? [];
    const roots = new Map(rows.map((row) => [row.code, this.#rootOf(row)]));
    return rows
      .filter((row) => isUnwell(row) && roots.get(row.code) === row)
      .map((row) => ({ row, waiting: rows.filter((other) => other !== row && roots.get(other.code) === row) }))
      .toSorted((a, b) => rank(a.row) - rank(b.row));
  }

  /** The unwell row that this one waits for in the end, or itself. */
  #rootOf(row: Component): Component {
    const seen = new Set<ComponentCode>();
    let at = row;
    while (at.waits_for !== null && !seen.has(at.code)) {
      seen.add(at.code);
      const next = this.row(at.waits_for);
      if (next === undefined) break;
      at = next;
    }
    return isUnwell(at) && !seen.has(at.code) ? at : row;
  }
}

const rank = (row: Component): number => (row.code === "store" && row.state === "fail" ? -1 : weight(row.state));

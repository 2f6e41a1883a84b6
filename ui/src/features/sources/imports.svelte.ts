import { SvelteMap } from "svelte/reactivity";
import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { Batch } from "../../wire/Batch";
import type { BatchReport } from "../../wire/BatchReport";
import type { ImportPlan } from "../../wire/ImportPlan";
import type { WireError } from "../../wire/WireError";

/** How long an import must have been watched before its rate and its end are worth saying. */
const WATCHED_MS_MIN = 3000;
/** How many imports are remembered in the window. */
const BATCHES_MAX = 100;

/** An import that is proposed: nothing is read until the person starts it. */
export interface Proposal {
  paths: string[];
  /** These are the sample memories, which get a source that can be removed again. */
  samples: boolean;
  plan: ImportPlan | null;
  /** How many items have been found while the plan is being made. */
  found: number;
  error: WireError | null;
  starting: boolean;
}

export interface Rate {
  itemsPerSecond: number;
  bytesPerSecond: number;
}

interface Watch {
  at: number;
  ended: number;
  bytes: number;
}

/** Proposals, running imports and their reports. */
export class Imports {
  batches = $state.raw<Batch[] | null>(null);
  error = $state.raw<WireError | null>(null);
  proposal = $state.raw<Proposal | null>(null);
  /** What the person writes to be put to all that is proposed, with commas between. */
  tags = $state("");
  report = $state.raw<BatchReport | null>(null);
  reportError = $state.raw<WireError | null>(null);
  #watches = new Map<string, Watch>();
  #rates = new SvelteMap<string, Rate>();
  /** How many events each import has had: an answer that is older than an event is ignored. */
  #heard = new Map<string, number>();
  #latestPlan = new Latest();
  #latestReport = new Latest();

  constructor(
    private readonly platform: Platform,
    private readonly onStarted: (batch: Batch, samples: boolean) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async load(): Promise<void> {
    const heard = new Map(this.#heard);
    try {
      const batches = await this.platform.call("batches", {});
      const newer = (this.batches ?? []).filter(({ id }) => this.#heard.get(id) !== heard.get(id));
      const ids = new Set(newer.map(({ id }) => id));
      this.batches = newest([...newer, ...batches.filter(({ id }) => !ids.has(id))]);
      this.error = null;
    } catch (thrown) {
      this.error = toWireError(thrown);
    }
  }

  get running(): Batch[] {
    return (this.batches ?? []).filter(({ state }) => state === "running");
  }

  batch(id: string): Batch | null {
    return (
      this.batches?.find((batch) => batch.id === id) ?? (this.report?.batch.id === id ? this.report.batch : null)
    );
  }

  /** Null until the import has been watched for long enough. */
  rate(id: string): Rate | null {
    return this.#rates.get(id) ?? null;
  }

  /** Takes an import's state from an event, which is always the newest there is. */
  apply(batch: Batch): void {
    this.#heard.set(batch.id, (this.#heard.get(batch.id) ?? 0) + 1);
    this.#put(batch);
  }

  async pick(kind: "files" | "folder"): Promise<void> {
    await this.#proposeFrom(() => this.platform.pickPaths(kind));
  }

  async pickSamples(): Promise<void> {
    await this.#proposeFrom(async () => [await this.platform.samplesPath()], true);
  }

  /** Shows what an import would do. */
  async propose(paths: string[], samples = false): Promise<void> {
    if (paths.length === 0) return;
    const isNewest = this.#latestPlan.begin();
    this.tags = "";
    const asked: Proposal = { paths, samples, plan: null, found: 0, error: null, starting: false };
    this.proposal = asked;
    try {
      const plan = await this.platform.call("import_plan", { paths });
      if (isNewest()) this.proposal = { ...asked, plan };
    } catch (thrown) {
      if (isNewest()) this.proposal = { ...asked, error: toWireError(thrown) };
    }
  }

  /** A plan that is being made has found so many items. */
  foundSoFar(found: number): void {
    const { proposal } = this;
    if (proposal !== null && proposal.plan === null && proposal.error === null) this.proposal = { ...proposal, found };
  }

  dismiss(): void {
    this.#latestPlan.begin();
    const { proposal } = this;
    this.proposal = null;
    if (proposal === null || proposal.plan !== null || proposal.error !== null) return;
    // Nobody waits for what is still being looked at. If this can't be said, the looking ends by itself.
    this.platform.call("import_plan_cancel", {}).catch(() => {});
  }

  async start(): Promise<void> {
    const { proposal } = this;
    if (proposal === null || proposal.plan === null || proposal.starting) return;
    const isNewest = this.#latestPlan.begin();
    this.proposal = { ...proposal, error: null, starting: true };
    try {
      const heard = new Map(this.#heard);
      const { paths } = proposal;
      const tags = this.tags.split(",").filter((tag) => tag.trim() !== "");
      const batch = await (proposal.samples ? this.platform.call("samples_start", { paths }) : this.platform.call("import_start", { paths, tags }));
      if (this.#heard.get(batch.id) === heard.get(batch.id)) this.#put(batch);
      if (isNewest()) this.proposal = null;
      this.onStarted(batch, proposal.samples);
    } catch (thrown) {
      if (isNewest()) this.proposal = { ...proposal, error: toWireError(thrown), starting: false };
    }
  }

  async loadReport(id: string): Promise<void> {
    const isNewest = this.#latestReport.begin();
    if (this.report?.batch.id !== id) this.report = null;
    this.reportError = null;
    const heard = this.#heard.get(id);
    try {
      const report = await this.platform.call("batch_report", { id });
      if (!isNewest()) return;
      this.report = report;
      if (this.#heard.get(id) === heard) this.#put(report.batch);
    } catch (thrown) {
      if (isNewest()) this.reportError = toWireError(thrown);
    }
  }

  cancel(id: string): Promise<void> {
    return this.#change("batch_cancel", id);
  }

  /** Reads once more what failed, or goes on with what was stopped. */
  async again(what: "retry" | "resume", id: string): Promise<void> {
    this.#forget(id);
    await this.#change(`batch_${what}`, id);
  }

  async #change(method: "batch_cancel" | "batch_retry" | "batch_resume", id: string): Promise<void> {
    this.reportError = null;
    const heard = this.#heard.get(id);
    try {
      const batch = await this.platform.call(method, { id });
      if (this.#heard.get(id) === heard) this.#put(batch);
      if (batch.state !== "running") await this.loadReport(id);
    } catch (thrown) {
      this.reportError = toWireError(thrown);
    }
  }

  async #proposeFrom(find: () => Promise<string[]>, samples = false): Promise<void> {
    try {
      await this.propose(await find(), samples);
    } catch (thrown) {
      this.proposal = { paths: [], samples, plan: null, found: 0, error: toWireError(thrown), starting: false };
    }
  }

  #put(batch: Batch): void {
    this.#watch(batch);
    this.batches = newest([batch, ...(this.batches ?? []).filter(({ id }) => id !== batch.id)]);
  }

  #watch(batch: Batch): void {
    if (batch.state !== "running") {
      this.#forget(batch.id);
      return;
    }
    const at = this.now();
    const watch = this.#watches.get(batch.id);
    if (watch === undefined || batch.ended < watch.ended) {
      this.#watches.set(batch.id, { at, ended: batch.ended, bytes: batch.bytes_ended });
      return;
    }
    const passed = at - watch.at;
    if (passed < WATCHED_MS_MIN) return;
    this.#rates.set(batch.id, {
      itemsPerSecond: ((batch.ended - watch.ended) * 1000) / passed,
      bytesPerSecond: ((batch.bytes_ended - watch.bytes) * 1000) / passed,
    });
  }

  #forget(id: string): void {
    this.#watches.delete(id);
    this.#rates.delete(id);
  }
}

function newest(batches: Batch[]): Batch[] {
  return batches.toSorted((a, b) => b.created_at.localeCompare(a.created_at)).slice(0, BATCHES_MAX);
}

import type { Batch } from "../../wire/Batch";
import type { Event } from "../../wire/Event";
import type { Settings } from "../../wire/Settings";
import type { Status } from "../../wire/Status";
import type { WireError } from "../../wire/WireError";
import type { DropListener, Method, Params, Platform, Reply, Unlisten } from "../index";
import { attention, emptyHealthy, failing, folderGone, healthy } from "./health";
import { begun, emptyPlan, exportPlan, pastBatches, plan, progressed, report, watchedBatches } from "./imports";
import { FakeCopies } from "./copies";
import { recall } from "./search";
import { people } from "./people";
import { FakeSources } from "./sources";
import { show, tree } from "./views";

const scenarios = ["full", "empty", "loading", "error", "importing", "held", "attention", "damaged", "watched", "gone", "samples", "many"] as const;
export type Scenario = (typeof scenarios)[number];

export function scenarioOf(search: string): Scenario {
  const named = new URLSearchParams(search).get("fake");
  return scenarios.find((scenario) => scenario === named) ?? "full";
}

const unavailable: WireError = {
  code: "unavailable",
  message: "The memory store can’t be read: the disk answered with an error.",
  hint: "It is tried again every 30 seconds by itself.",
};

/** How many files the made-up import reads at each step, and how long a step takes. */
const STEP_ITEMS = 9;
const STEP_MS = 250;

type Handlers = { [M in Method]: (params: Params<M>) => Reply<M> | Promise<Reply<M>> };

/** Stands in for the app in a plain browser: made-up memories, imports that move, states on demand. */
export class FakePlatform implements Platform {
  #listeners = new Set<(event: Event) => void>();
  #batches: Batch[];
  #empty: boolean;
  #seq = 100;
  #stopped = new Set<string>();
  #copies: FakeCopies;
  #sources: FakeSources;
  #longReads: number | null = null;

  constructor(private readonly scenario: Scenario) {
    this.#empty = scenario === "empty";
    this.#copies = new FakeCopies(scenario, (event) => this.#emit(event));
    this.#sources = new FakeSources(scenario);
    this.#batches = this.#empty ? [] : [...(scenario === "watched" ? watchedBatches : []), ...pastBatches];
    if (scenario === "importing") {
      const batch = progressed(begun("imp-9", "Research"), 270, 36);
      this.#batches.unshift(batch);
      this.#advance(batch);
    }
  }

  async call<M extends Method>(method: M, params: Params<M>): Promise<Reply<M>> {
    if (this.scenario === "loading" && method !== "status") return new Promise(() => {});
    await new Promise((resolve) => setTimeout(resolve, 30));
    const health = method === "status" || method === "doctor" || method === "store_try_now";
    if (this.scenario === "error" && !health) throw unavailable;
    return this.#handlers[method](params);
  }

  async listen(on: (event: Event) => void): Promise<Unlisten> {
    this.#listeners.add(on);
    return () => this.#listeners.delete(on);
  }

  async onDrop(listener: DropListener): Promise<Unlisten> {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      listener.over();
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) listener.leave();
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      listener.drop([...(event.dataTransfer?.files ?? [])].map(({ name }) => `/home/ada/Desktop/${name}`));
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }

  async pickPaths(kind: "files" | "folder"): Promise<string[]> {
    return kind === "folder" ? ["/home/ada/Documents/Research"] : ["/home/ada/Documents/roof.md"];
  }

  async samplesPath(): Promise<string> {
    return "/usr/lib/oldgrowth/samples";
  }

  async openOriginal(): Promise<void> {}

  async showCopy(): Promise<void> {}

  async showSource(): Promise<void> {}

  async openError(): Promise<WireError | null> {
    if (this.scenario !== "held") return null;
    return {
      code: "held_by_another",
      message: "oldgrowth serve (process 4182) has this memory open since 9:04.",
      hint: "Stop it, or use it through the command line, and try again. Nothing is lost.",
    };
  }

  #handlers: Handlers = {
    import_plan: ({ paths }) => {
      const ends = (ending: string): boolean => paths.some((path) => path.endsWith(ending));
      return ends(".dwg") ? emptyPlan : ends(".zip") ? exportPlan : plan;
    },
    import_plan_cancel: () => ({}),
    import_start: ({ paths }) => this.#begin(begun(`imp-${this.#seq}`, paths[0]?.split("/").at(-1) ?? "Import")),
    samples_start: () => {
      this.#sources.addSamples();
      this.#empty = false;
      this.#changed();
      return this.#begin(begun(`imp-${this.#seq}`, "Sample memories"));
    },
    note_add: () => {
      this.#empty = false;
      this.#changed();
      return { document: "doc-list", chunks: 1, new: true };
    },
    search: ({ query, limit, source, author, from, to }) => recall({ question: query, limit, source, author, from, to }),
    recall: (question) => recall(question),
    show: ({ id }) => {
      const shown = show(id);
      if (shown === null) throw { code: "not_found", message: "There is no memory with this id.", hint: null } satisfies WireError;
      return shown;
    },
    tree: (at) => (this.#empty ? { path: [], rows: [], total: 0 } : tree(at)),
    ledger: () => (this.#empty ? { sources: [] } : this.#sources.all()),
    source_watch: ({ id, on }) => this.#sources.watch(id, on),
    source_read_again: ({ id }) => this.#begin({ ...begun(`imp-${this.#seq}`, this.#sources.name(id)), cause: "again" }),
    source_rename: ({ id, name }) => this.#sources.rename(id, name),
    source_unread: (at) => this.#sources.unread(at),
    source_removal: ({ id }) => this.#sources.removal(id),
    source_remove: ({ id }) => this.#sources.remove(id),
    people: () => (this.#empty ? { people: [], more: false } : people),
    batches: () => this.#batches,
    batch_report: ({ id }) => report(this.#batch(id)),
    batch_cancel: ({ id }) => {
      const batch = this.#batch(id);
      this.#stopped.add(id);
      return this.#tell({
        ...batch,
        state: "cancelled",
        ended: batch.total,
        cancelled: batch.total - batch.ended,
        ended_at: new Date().toISOString(),
        eta_seconds: null,
      });
    },
    batch_retry: ({ id }) => {
      const batch = this.#batch(id);
      return this.#tell({ ...batch, state: "done", new: batch.new + batch.failed, failed: 0, reason: null });
    },
    copies: () => this.#copies.all(),
    backup_make: () => this.#copies.make(),
    backup_verify: ({ id }) => this.#copies.verify(id),
    copy_cancel: () => this.#copies.cancel(),
    restore_preview: ({ id }) => this.#copies.preview(id),
    restore_to: () => ({}),
    restore: ({ id }) => this.#copies.restore(id),
    kept_aside_discard: ({ id }) => this.#copies.discard(id),
    damage_accept: () => {
      this.#copies.acceptDamage();
      return this.#status();
    },
    settings_get: () => this.#settings(),
    settings_set: ({ value }) => {
      this.#longReads = value;
      return this.#settings();
    },
    status: () => this.#status(),
    doctor: () => this.#status(),
    store_try_now: () => this.#status(),
  };

  #settings(): Settings {
    return {
      long_reads_max: { chosen: this.#longReads, in_use: this.#longReads ?? 2, default: 2, most: 64, problem: null },
    };
  }

  #status(): Status {
    switch (this.scenario) {
      case "error":
        return failing;
      case "attention":
        return attention;
      case "gone":
        return folderGone;
      default:
        return this.#empty ? emptyHealthy : healthy;
    }
  }

  #batch(id: string): Batch {
    const batch = this.#batches.find((one) => one.id === id);
    if (batch === undefined) throw { code: "not_found", message: "There is no import with this id.", hint: null } satisfies WireError;
    return batch;
  }

  #begin(batch: Batch): Batch {
    this.#seq += 1;
    this.#batches.unshift(batch);
    this.#advance(batch);
    return batch;
  }

  /** Moves an import on, a few files at a time, until its end. */
  #advance(batch: Batch): void {
    setTimeout(() => {
      if (this.#stopped.has(batch.id)) return;
      const next = progressed(batch, batch.ended + STEP_ITEMS, (STEP_ITEMS * 1000) / STEP_MS);
      this.#tell(next);
      if (next.state === "running") this.#advance(next);
      else {
        this.#empty = false;
        this.#changed();
      }
    }, STEP_MS);
  }

  #tell(batch: Batch): Batch {
    this.#batches = this.#batches.map((one) => (one.id === batch.id ? batch : one));
    this.#emit({ event: "batch", ...batch });
    return batch;
  }

  #changed(): void {
    this.#seq += 1;
    this.#emit({ event: "memory_changed", seq: this.#seq });
  }

  #emit(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }
}

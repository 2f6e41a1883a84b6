import type { Batch } from "../../wire/Batch";
import type { Event } from "../../wire/Event";
import type { Settings } from "../../wire/Settings";
import type { WireError } from "../../wire/WireError";
import type { DropListener, Method, OuterCommand, Params, Platform, Reply, Shell, Unlisten, WindowAct } from "../index";
import { FakeShell } from "./shell";
import { begun, emptyPlan, exportPlan, pastBatches, plan, progressed, report, watchedBatches } from "./imports";
import { FakeWork } from "./activity";
import { FakeCopies } from "./copies";
import { FakeDoctor } from "./doctor";
import { findInDocument, near, original, why } from "./reading";
import { FakeModels } from "./models";
import { name, names } from "./names";
import { FakeNetwork } from "./network";
import { FakePlace, storage } from "./place";
import { FakeReports } from "./reports";
import { briefOf, recall, tagCounts, WRITER, writtenOf } from "./search";
import { people } from "./people";
import { FakeSources } from "./sources";
import { largeTree, manySources, manySourcesLedger } from "./large";
import { show, tree } from "./views";

const scenarios = ["full", "empty", "loading", "error", "importing", "held", "attention", "damaged", "large", "reading", "unread", "sources", "paused", "failed", "putoff", "moving", "moved", "half", "refused", "lost", "watched", "gone", "samples", "many", "brokencheck", "checking", "outdated", "ask", "crashed", "reports", "offline", "unaddressed", "called", "switchedoff", "noswitch", "naming", "nolist", "readonly", "fulldisk", "model", "service", "modelaway", "modelunread"] as const;
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

const readOnly: WireError = {
  code: "read_only",
  message: "nothing can be kept: the disk on which /home/ada/.local/share/oldgrowth lies is read-only",
  hint: "allow writing to that disk and try again; what is kept can be read meanwhile",
};

/** What a memory that can only be read refuses first. */
const written: ReadonlySet<Method> = new Set<Method>(["import_start", "samples_start", "note_add", "source_watch", "source_rename", "work_pause", "backup_make", "settings_set"]);

/** How many files the made-up import reads at each step, and how long a step takes. */
const STEP_ITEMS = 9;
const STEP_MS = 250;

/** What is answered whatever state the store is in. */
const answeredAlways: ReadonlySet<Method> = new Set<Method>([
  "status", "doctor", "store_try_now", "checks_run", "checks_cancel", "fix_plan", "fix_apply", "fix_cancel", "fix_undo", "receipts", "timeline", "report", "network", "offline_set", "models",
]);

type Handlers = { [M in Method]: (params: Params<M>) => Reply<M> | Promise<Reply<M>> };

/** Stands in for the app in a plain browser: made-up memories, imports that move, states on demand. */
export class FakePlatform implements Platform {
  #listeners = new Set<(event: Event) => void>();
  #batches: Batch[];
  #empty: boolean;
  #seq = 100;
  #stopped = new Set<string>();
  #copies: FakeCopies;
  #work: FakeWork;
  #shell = new FakeShell();
  #doctor: FakeDoctor;
  #place: FakePlace;
  #reports: FakeReports;
  #network: FakeNetwork;
  #models: FakeModels;
  #counted: boolean;
  #sources: FakeSources;
  #longReads: number | null = null;

  constructor(private readonly scenario: Scenario) {
    this.#empty = scenario === "empty";
    this.#place = new FakePlace(scenario, (event) => this.#emit(event));
    this.#doctor = new FakeDoctor(scenario, (event) => this.#emit(event));
    this.#network = new FakeNetwork(scenario, (event) => this.#emit(event));
    this.#reports = new FakeReports(scenario, () => this.#network.offline);
    this.#models = new FakeModels(scenario, (event) => this.#emit(event), () => this.#network.offline);
    this.#counted = scenario !== "large";
    this.#copies = new FakeCopies(scenario, (event) => this.#emit(event));
    this.#sources = new FakeSources(scenario);
    this.#batches = this.#empty ? [] : [...(scenario === "watched" ? watchedBatches : []), ...pastBatches];
    this.#work = new FakeWork(scenario, () => this.#batches, (event) => this.#emit(event));
    if (scenario === "paused") this.#batches.unshift({ ...progressed(begun("imp-9", "Research"), 270, 36), rate: null, eta_seconds: null, paused: true });
    if (scenario === "importing") {
      const batch = progressed(begun("imp-9", "Research"), 270, 36);
      this.#batches.unshift(batch);
      this.#advance(batch);
    }
  }

  async call<M extends Method>(method: M, params: Params<M>): Promise<Reply<M>> {
    // Of what the window asks for before it shows a place, everything answers.
    if (this.scenario === "loading" && method !== "status" && method !== "batches") return new Promise(() => {});
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (this.scenario === "readonly") {
      if (written.has(method)) throw readOnly;
    } else if (this.#doctor.storeFails && !answeredAlways.has(method)) throw unavailable;
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

  async onCommand(on: (id: OuterCommand) => void): Promise<Unlisten> {
    return this.#shell.listen(on);
  }

  async shell(): Promise<Shell> {
    return this.#shell.now;
  }

  async act(act: WindowAct): Promise<Shell> {
    return this.#shell.act(act);
  }

  async pickPaths(kind: "files" | "folder" | "place"): Promise<string[]> {
    if (kind === "place") return ["/media/ada/Oak/Oldgrowth"];
    return kind === "folder" ? ["/home/ada/Documents/Research"] : ["/home/ada/Documents/roof.md"];
  }

  async samplesPath(): Promise<string> {
    return "/usr/lib/oldgrowth/samples";
  }

  async openOriginal(): Promise<void> {}

  async showOriginal(): Promise<void> {}

  async showCopy(): Promise<void> {}

  async showPlace(): Promise<void> {}

  async showSource(): Promise<void> {}

  async pageFailed(): Promise<void> {}

  async openError(): Promise<WireError | null> {
    if (this.#place.lost) {
      return {
        code: "place_missing",
        message: "the memory lives in /media/ada/Oak/Oldgrowth, which is not there",
        hint: "connect its disk and try again; nothing has been changed or begun anew",
      };
    }
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
      this.#fill();
      this.#changed();
      return this.#begin(begun(`imp-${this.#seq}`, "Sample memories"));
    },
    note_add: () => {
      this.#fill();
      this.#changed();
      return { document: "doc-list", chunks: 1, new: true };
    },
    search: ({ query, ...rest }) => recall({ question: query, typing: null, asker: null, ...rest }),
    recall: (question) => ({ ...recall(question, this.scenario === "attention" ? 38 : 0), writer: this.scenario === "model" ? WRITER : null }),
    answer_write: (question) => writtenOf(recall(question)),
    answer_cancel: () => ({}),
    brief: ({ question }) => briefOf(recall(question)),
    why: (asked) => why(asked),
    near: ({ id }) => near(id),
    find_in_document: (asked) => findInDocument(asked),
    original: ({ id }) => original(id),
    show: (at) => {
      const shown = show(at.id.startsWith("old-") ? { ...at, id: "doc-beech.2" } : at);
      if (shown === null) throw { code: "not_found", message: "There is no memory with this id.", hint: null } satisfies WireError;
      return shown;
    },
    source_watch: ({ id, on }) => this.#sources.watch(id, on),
    source_read_again: ({ id }) => this.#begin({ ...begun(`imp-${this.#seq}`, this.#sources.name(id)), cause: "again" }),
    source_rename: ({ id, name }) => this.#sources.rename(id, name),
    source_unread: (at) => this.#sources.unread(at),
    source_removal: ({ id }) => this.#sources.removal(id),
    source_remove: ({ id }) => this.#sources.remove(id),
    names: (asked) => {
      const left = { passages: ["importing", "paused", "naming"].includes(this.scenario) ? 412 : 0, failed: this.scenario === "failed" ? 3 : 0 };
      return this.#empty ? { counts: [], total: 0, names: [], left } : names(asked, this.scenario === "large", left);
    },
    name: (at) => {
      const found = name(at);
      if (found === null) throw { code: "not_found", message: "nothing in the memory names it, or no longer", hint: "look for it in the list" } satisfies WireError;
      return found;
    },
    tags: () => (this.#empty ? [] : tagCounts()),
    people: () => (this.#empty ? { people: [], more: false } : people),
    tree: (at) => this.#tree(at),
    ledger: () => {
      if (this.scenario === "sources") return { sources: manySourcesLedger() };
      return this.#empty ? { sources: [] } : this.#sources.all();
    },
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
    batch_resume: ({ id }) => {
      const batch = this.#batch(id);
      return this.#tell({ ...batch, state: "done", new: batch.new + batch.cancelled, cancelled: 0 });
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
      return this.#doctor.status();
    },
    place: () => this.#place.get(),
    move_plan: ({ folder }) => this.#place.plan(folder),
    move_start: ({ folder }) => this.#place.move(folder),
    move_cancel: () => this.#place.cancel(),
    place_use: ({ folder }) => this.#place.use(folder),
    copy_left_remove: ({ folder }) => this.#place.remove(folder),
    crash_reports: () => this.#reports.get(),
    crash_reports_consent: ({ on }) => this.#reports.consent(on),
    crash_reports_asked: () => this.#reports.asked(),
    crash_report_send: ({ id }) => this.#reports.send(id),
    crash_report_delete: ({ id }) => this.#reports.remove(id),
    crash_reports_delete_all: () => this.#reports.removeAll(),
    network: (at) => this.#network.get(at),
    offline_set: ({ on }) => this.#network.set(on),
    models: () => this.#models.get(),
    model_choose: (choice) => this.#models.choose(choice),
    model_clear: (of) => this.#models.clear(of),
    model_agree: (agreement) => this.#models.agree(agreement),
    model_key_set: (key) => this.#models.setKey(key),
    model_limits_set: (limits) => this.#models.setLimits(limits),
    model_names: (of) => this.#models.names(of),
    model_test: (of) => this.#models.test(of),
    model_trial_cancel: () => this.#models.cancel(),
    storage: ({ count }) => {
      this.#counted ||= count;
      return storage(this.#empty, this.#counted);
    },
    settings_get: () => this.#settings(),
    settings_set: ({ value }) => {
      this.#longReads = value;
      return this.#settings();
    },
    activity: () => this.#work.all(),
    jobs_failed: (at) => this.#work.failed(at),
    jobs_retry: (retry) => this.#work.retry(retry),
    job_cancel: ({ id }) => this.#work.leaveOut(id),
    work_pause: () => this.#work.pause(),
    work_resume: () => this.#work.resume(),
    status: () => this.#doctor.status(),
    doctor: () => this.#doctor.status(),
    store_try_now: () => this.#doctor.status(),
    checks_run: (asked) => this.#doctor.run(asked),
    checks_cancel: () => this.#doctor.stopRun(),
    fix_plan: ({ code }) => this.#doctor.plan(code),
    fix_apply: (asked) => this.#doctor.apply(asked),
    fix_cancel: () => this.#doctor.stopFix(),
    fix_undo: ({ id }) => this.#doctor.undo(id),
    receipts: () => this.#doctor.receipts(),
    timeline: (at) => this.#doctor.timeline(at),
    report: ({ names }) => this.#doctor.report(names),
  };

  #tree(at: Params<"tree">): Reply<"tree"> | Promise<Reply<"tree">> {
    const later = (at.offset ?? 0) > 0;
    switch (this.scenario) {
      case "sources":
        return manySources(at);
      case "reading":
        return later ? new Promise(() => {}) : largeTree(at);
      case "unread":
        if (later) throw unavailable;
        return largeTree(at);
      case "large":
        return largeTree(at);
      default:
        return this.#empty ? { path: [], trail: [], rows: [], total: 0 } : tree(at);
    }
  }

  #settings(): Settings {
    return {
      long_reads_max: { chosen: this.#longReads, in_use: this.#longReads ?? 2, default: 2, most: 64, problem: null },
    };
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
        this.#fill();
        this.#changed();
      }
    }, STEP_MS);
  }

  #tell(batch: Batch): Batch {
    this.#batches = this.#batches.map((one) => (one.id === batch.id ? batch : one));
    this.#emit({ event: "batch", ...batch });
    this.#emit({ event: "work", ...this.#work.now() });
    return batch;
  }

  #fill(): void {
    if (this.#empty) this.#doctor.filled();
    this.#empty = false;
  }

  #changed(): void {
    this.#seq += 1;
    this.#emit({ event: "memory_changed", seq: this.#seq });
  }

  #emit(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }
}

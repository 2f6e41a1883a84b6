import { tick } from "svelte";
import { askingOf, commandsOf, runCommand } from "./commands";
import { toWireError } from "./errors";
import { ActivityState } from "./features/activity/activity.svelte";
import { Palette } from "./features/commands/palette.svelte";
import { MemoryState } from "./features/memory/memory.svelte";
import { NamesState } from "./features/people/names.svelte";
import { PeopleState } from "./features/people/people.svelte";
import { RecallState } from "./features/recall/recall.svelte";
import { CopiesState, type Done } from "./features/settings/copies.svelte";
import { Limits } from "./features/settings/limits.svelte";
import { PlaceState, type PlaceDone } from "./features/settings/place.svelte";
import { StorageState } from "./features/settings/storage.svelte";
import { Imports } from "./features/sources/imports.svelte";
import { NoteDraft } from "./features/sources/note.svelte";
import { SourcesState } from "./features/sources/sources.svelte";
import { countedOf } from "./shared/units";
import { type Brought, Welcome } from "./features/welcome/welcome.svelte";
import { TreeState } from "./features/tree/tree.svelte";
import type { Platform } from "./platform";
import { recallHome, type Route } from "./shared/route";
import type { StartActions } from "./shared/Start.svelte";
import { Announcer } from "./state/announcer.svelte";
import { Changes } from "./state/changes.svelte";
import { canUndo, type FixEnd, Fixes } from "./state/fixes.svelte";
import { Health } from "./state/health.svelte";
import { CharacterKeys } from "./state/keys.svelte";
import { LedgerState } from "./state/ledger.svelte";
import { ModelsState } from "./state/models.svelte";
import { NetworkState } from "./state/network.svelte";
import { ReportState } from "./state/report.svelte";
import { ReportsState } from "./state/reports.svelte";
import { Router } from "./state/router.svelte";
import { ShellState } from "./state/shell.svelte";
import { Theme } from "./state/theme.svelte";
import { TimelineState } from "./state/timeline.svelte";
import { Toasts } from "./state/toasts.svelte";
import { t } from "./strings";
import type { Batch } from "./wire/Batch";
import type { Event } from "./wire/Event";
import type { WireError } from "./wire/WireError";

/** The mark of the moment at which the window shows what it has. */
const FIRST_CONTENT = "first-content";

/** All the state of the window, and the one listener that keeps it true. */
export class AppState {
  phase = $state<"starting" | "held" | "open">("starting");
  openError = $state.raw<WireError | null>(null);
  trying = $state(false);
  dropping = $state(false);
  /** The store has failed while somebody works, and the place that says why has not opened yet. */
  doctorDue = $state(false);
  /** The sheet of keyboard shortcuts is shown. */
  sheetOpen = $state(false);

  readonly router = new Router();
  readonly theme = new Theme();
  readonly characterKeys = new CharacterKeys();
  readonly announcer = new Announcer();
  readonly toasts = new Toasts((text) => this.announcer.say(text));
  readonly changes = new Changes();
  readonly health: Health;
  readonly fixes: Fixes;
  readonly timeline: TimelineState;
  readonly report: ReportState;
  readonly ledger: LedgerState;
  readonly imports: Imports;
  readonly sources: SourcesState;
  readonly note: NoteDraft;
  readonly welcome: Welcome;
  readonly activity: ActivityState;
  readonly copies: CopiesState;
  readonly limits: Limits;
  readonly people: PeopleState;
  readonly names: NamesState;
  readonly shell: ShellState;
  readonly place: PlaceState;
  readonly storage: StorageState;
  readonly reports: ReportsState;
  readonly network: NetworkState;
  readonly models: ModelsState;
  readonly recall: RecallState;
  readonly memory: MemoryState;
  readonly tree: TreeState;
  readonly details: MemoryState;
  readonly actions: StartActions;
  #hearsOutside = false;
  readonly palette = new Palette(
    () => commandsOf(this),
    (text) => askingOf(this, text),
  );

  #listening = false;

  constructor(private readonly platform: Platform) {
    this.health = new Health(platform, (end) => this.announcer.say(t.doctor[end]));
    this.fixes = new Fixes(platform, (end) => this.#tellOfFix(end));
    this.timeline = new TimelineState(platform);
    this.report = new ReportState(platform);
    this.ledger = new LedgerState(platform);
    this.welcome = new Welcome(platform);
    this.imports = new Imports(platform, ({ id }, samples) => {
      if (this.router.route.place === "welcome") this.#broughtIn({ kind: "import", id, samples });
      else this.router.go({ place: "import", batch: id });
    });
    this.sources = new SourcesState(platform, this.ledger, this.toasts, (batch, stay) => {
      this.imports.apply(batch);
      if (!stay) this.router.go({ place: "import", batch: batch.id });
    });
    this.note = new NoteDraft(platform, (added) => {
      this.announcer.say(added.new ? t.note.kept : t.note.known);
      if (this.router.route.place === "welcome") this.#broughtIn({ kind: "note", document: added.document });
      else this.router.go({ place: "memory", id: added.document });
    });
    this.activity = new ActivityState(platform, (text) => this.toasts.show(text));
    this.copies = new CopiesState(platform, (done) => this.#tellOfCopy(done));
    this.limits = new Limits(platform);
    this.people = new PeopleState(platform);
    this.names = new NamesState(platform);
    this.shell = new ShellState(platform);
    this.place = new PlaceState(platform, (done) => this.#tellOfPlace(done));
    this.storage = new StorageState(platform);
    this.reports = new ReportsState(
      platform,
      (done) => this.toasts.show(t.privacy.done[done]),
      () => {
        if (this.router.route.place !== "settings") this.toasts.show(t.privacy.notSent, { ok: false });
      },
    );
    this.network = new NetworkState(platform);
    this.models = new ModelsState(platform);
    this.recall = new RecallState(platform, () => this.changes.revision);
    this.memory = new MemoryState(platform);
    this.tree = new TreeState(platform);
    this.details = new MemoryState(platform);
    this.actions = {
      folder: () => void this.imports.pick("folder"),
      files: () => void this.imports.pick("files"),
      samples: () => void this.imports.pickSamples(),
      note: () => this.note.write(),
    };
  }

  async start(): Promise<void> {
    this.trying = true;
    await this.#hearOutside();
    try {
      this.openError = await this.platform.openError();
    } catch (thrown) {
      this.openError = toWireError(thrown);
    }
    this.trying = false;
    if (this.openError !== null) {
      this.phase = "held";
      if (this.openError.code === "place_missing" || this.openError.code === "unavailable") void this.place.load();
      void this.reports.load();
      return;
    }
    // Listening comes first, so that nothing falls between the first answers and the first events.
    await this.#listen();
    if (!this.welcome.isOver && this.router.route.place === "recall") await this.#greet();
    this.phase = "open";
    await tick();
    performance.mark(FIRST_CONTENT);
    // Last, what takes the memory a while to say: it is not needed for what can be seen already.
    void this.imports.load();
    void this.place.load();
    void this.activity.load();
    void this.ledger.load();
    void this.reports.load();
    void this.network.load();
    await this.health.load();
    if (this.health.storeFails && this.router.route.place !== "doctor") this.doctorDue = true;
  }

  /** Only somebody new is kept waiting, until it is known that nothing is remembered. */
  async #greet(): Promise<void> {
    const { imports, health, ledger } = this;
    await known(imports, () => imports.batches);
    if (imports.error !== null) return;
    if (imports.batches?.length !== 0) {
      // Whoever has a memory is not new, and waits no more from the next start on.
      this.welcome.end();
      return;
    }
    await Promise.all([known(health, () => health.status), known(ledger, () => ledger.sources)]);
    if (!health.storeFails && ledger.empty) this.router.replace({ place: "welcome", step: "begin" });
  }

  /** Why nothing can be dropped now, or null. */
  get dropRefusal(): string | null {
    if (this.phase !== "open") return t.sources.dropHeld;
    if (this.dialogOpen) return t.sources.dropDialog;
    return this.health.storeFails ? t.sources.dropFails : null;
  }

  /** Menus and drops come before the memory is open, too: they are answered, not lost. */
  async #hearOutside(): Promise<void> {
    if (this.#hearsOutside) return;
    this.#hearsOutside = true;
    void this.shell.load();
    await this.platform.onCommand((id) => runCommand(this, id));
    await this.platform.onDrop({
      over: () => (this.dropping = true),
      leave: () => (this.dropping = false),
      drop: (paths) => {
        this.dropping = false;
        const refusal = this.dropRefusal;
        if (refusal === null) return void this.imports.propose(paths);
        this.toasts.show(refusal, { ok: false });
      },
    });
  }

  /** Once: a memory that was held may be opened later. */
  async #listen(): Promise<void> {
    if (this.#listening) return;
    this.#listening = true;
    await this.platform.listen((event) => this.hear(event));
  }

  hear(event: Event): void {
    switch (event.event) {
      case "health": {
        // The store closes for a move, and that is no failure.
        if (this.place.moving !== null) break;
        const failed = this.health.storeFails;
        const counted = this.health.coverage;
        const { event: _, ...status } = event;
        this.health.apply(status);
        if (failed && !this.health.storeFails) this.refresh();
        // Counted anew: what each source holds is told with it.
        else if (this.health.coverage !== counted) void this.ledger.load();
        if (!failed && this.health.storeFails) this.announcer.say(status.headline);
        if (failed !== this.health.storeFails) this.doctorDue = this.health.storeFails;
        this.timeline.changed();
        break;
      }
      case "fix": {
        const { event: _, ...progress } = event;
        this.fixes.apply(progress);
        break;
      }
      case "batch":
        this.imports.apply(event);
        this.activity.changed();
        this.#tellOf(event);
        break;
      case "memory_changed":
        this.changes.heard(event.seq);
        break;
      case "names_changed":
        this.names.changed();
        this.activity.changed();
        break;
      case "work": {
        const { event: _, ...work } = event;
        this.activity.apply(work);
        break;
      }
      case "plan":
        this.imports.foundSoFar(event.found);
        break;
      case "copy": {
        const { event: _, ...progress } = event;
        this.copies.apply(progress);
        this.activity.changed();
        break;
      }
      case "copies_changed":
        this.copies.ended();
        this.activity.changed();
        break;
      case "move":
        {
          const { event: _, ...progress } = event;
          this.place.apply(progress);
        }
        break;
      case "place_changed":
        void this.#moved();
        break;
      case "crash_reports_changed":
        void this.reports.load();
        break;
      case "models_changed":
        void this.models.load();
        break;
      case "network_changed":
        void this.network.load();
        break;
      case "committed":
        break;
    }
  }

  /** The memory's folder can't be used and was not named at the start, so another can be chosen. */
  get mayChoosePlace(): boolean {
    const code = this.openError?.code;
    return code === "place_missing" || (code === "unavailable" && this.place.place?.fixed === null);
  }

  /** A dialog has the keys and what is pasted. */
  get dialogOpen(): boolean {
    return this.shell.closing || this.shell.aboutOpen || this.palette.open || this.sheetOpen || this.note.open || this.imports.proposal !== null || this.copies.dialogOpen || this.place.dialogOpen || this.sources.dialogOpen || this.reports.dialogOpen || this.memory.dialogOpen || this.details.dialogOpen || this.fixes.dialogOpen || this.report.open;
  }

  /** Something was found here, or opened: now it is known what this is good for. */
  get wasOfUse(): boolean {
    const { place } = this.router.route;
    return place === "memory" || (place === "recall" && !this.recall.busy && (this.recall.answer?.hits.length ?? 0) > 0);
  }

  /** Nobody is kept from anything by a question now. What it depends on is read each time. */
  get mayAsk(): boolean {
    const known = this.reports.reports !== null && (this.wasOfUse || this.reports.reports.held.length > 0);
    return known && this.phase !== "starting" && this.router.route.place !== "welcome" && !this.dialogOpen;
  }

  /** Ends the introduction, at its end or before. */
  leaveWelcome(to: Route = recallHome): void {
    this.welcome.end();
    this.router.go(to);
  }

  /** Nothing else works while the store fails. */
  openDoctor(): void {
    this.doctorDue = false;
    this.router.go({ place: "doctor" });
  }

  /** Goes on with the copy of the memory in this folder. What comes of it is said where the memory's place is chosen. */
  async openCopy(folder: string): Promise<void> {
    this.fixes.dismiss();
    this.fixes.viewed = null;
    this.router.go({ place: "settings", section: "place" });
    await this.place.use(folder);
  }

  /** Says what came of it, wherever it was asked for. */
  async setOffline(on: boolean): Promise<void> {
    const done = await this.network.setOffline(on);
    const { done: words } = t.network;
    this.toasts.show(done ? (on ? words.on : words.off) : words.failed, { ok: done });
  }

  /** Shows the folder of this memory in the system's file manager. */
  async showFolder(folder: string): Promise<void> {
    try {
      await this.platform.showPlace(folder);
    } catch {
      this.toasts.show(t.doctor.showFolderFailed, { ok: false });
    }
  }

  /** Goes to the question box. */
  async toQuestion(): Promise<void> {
    if (this.router.route.place !== "recall") this.router.go(recallHome);
    await tick();
    const box = document.getElementById("question");
    if (!(box instanceof HTMLInputElement)) return;
    box.focus();
    box.select();
  }

  /** Reads again what is on the page. */
  refresh(): void {
    void this.ledger.load();
    const { route } = this.router;
    if (route.place === "tree" || this.tree.loaded) void this.tree.refresh();
    if (route.place === "memory") void this.memory.load(route.id);
    if (this.imports.error !== null) void this.imports.load();
  }

  /** Asks for everything once more: a window that slept may have missed something. */
  resync(): void {
    if (this.phase !== "open" || this.place.moving !== null) return;
    void this.health.load();
    void this.imports.load();
    void this.activity.load();
    void this.network.load();
    this.timeline.shown();
    // What was heard while nobody could see it makes the page read itself again.
    if (!this.changes.shown()) this.refresh();
  }

  #broughtIn(brought: Brought): void {
    this.welcome.bring(brought);
    this.router.go({ place: "welcome", step: "ask" });
  }

  /** No move is under way any more. The memory is open where it was or where it went, or says why not. */
  async #moved(): Promise<void> {
    this.health.renew();
    this.changes.renew();
    this.timeline.renew();
    await this.place.ended();
    const error = await this.platform.openError().catch(toWireError);
    if (error === null) return this.resync();
    this.openError = error;
    this.phase = "held";
  }

  #tellOfPlace(done: PlaceDone): void {
    this.announcer.say(t.place.done[done]);
  }

  /** In words, and where the dialog does not show it, in sight too. */
  #tellOfFix(end: FixEnd): void {
    const name = t.doctor.fixes[end.code];
    const tell = (text: string, ok: boolean, undo: (() => void) | null = null): void => {
      if (this.fixes.dialogOpen) this.announcer.say(text);
      else this.toasts.show(text, { ok, action: undo === null ? null : { label: t.undo, run: undo } });
    };
    switch (end.what) {
      case "done": {
        const { receipt } = end;
        const undo = canUndo(receipt, Date.now()) ? (): void => void this.fixes.undo(receipt, t.doctor.receipts.ask[receipt.code] === undefined) : null;
        tell(t.doctor.fix.announceDone(name, receipt.summary), receipt.outcome === "done", undo);
        break;
      }
      case "undone":
        if (end.receipt.undone_at === null) tell(t.doctor.receipts.announceUndoneInPart(name), false);
        else tell(t.doctor.receipts.announceUndone(name), true);
        break;
      case "stopped":
        return tell(t.doctor.fix.announceStopped(name), true);
      case "failed":
        return tell(t.doctor.fix.announceFailed(name), false);
    }
    this.timeline.changed();
    this.resync();
  }

  #tellOfCopy(done: Done): void {
    this.announcer.say(t.backup.done[done.what]);
    if (done.what === "restored") this.resync();
  }

  #tellOf(batch: Batch): void {
    if (batch.state === "running") {
      this.announcer.mention(t.batch.announce(batch.label, batch.ended, countedOf(batch, batch.total)));
      return;
    }
    this.announcer.say(t.batch.announceEnd(batch.label, t.batch.states[batch.state]));
    this.timeline.changed();
    const { route } = this.router;
    if (route.place === "import" && route.batch === batch.id) void this.imports.loadReport(batch.id);
  }
}

/** Asks until it is known, or why not. A load that was overtaken by a newer one brings nothing itself. */
async function known(state: { error: WireError | null; load: () => Promise<void> }, answer: () => unknown): Promise<void> {
  do await state.load();
  while (answer() === null && state.error === null);
}

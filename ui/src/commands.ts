import type { AppState } from "./app.svelte";
import { ASK, type Command } from "./features/commands/palette.svelte";
import { reportText } from "./features/sources/report";
import { copyText } from "./shared/copy";
import { tilde } from "./shared/format";
import { href, recallHome, settingsSections, type Route } from "./shared/route";
import type { OuterCommand, WindowAct } from "./platform";
import type { ShortcutName } from "./shared/shortcuts";
import type { SourceRow } from "./wire/SourceRow";
import { themeChoices, themeIcons } from "./state/theme.svelte";
import { t } from "./strings";

export interface PlaceEntry {
  place: "recall" | "tree" | "people" | "sources" | "activity" | "doctor" | "settings";
  to: Route;
  shortcut: ShortcutName;
}

/** The places, in the order of the sidebar. */
export const places: readonly PlaceEntry[] = [
  { place: "recall", to: recallHome, shortcut: "goRecall" },
  { place: "tree", to: { place: "tree", id: null }, shortcut: "goTree" },
  { place: "people", to: { place: "people" }, shortcut: "goPeople" },
  { place: "sources", to: { place: "sources" }, shortcut: "goSources" },
  { place: "activity", to: { place: "activity" }, shortcut: "goActivity" },
  { place: "doctor", to: { place: "doctor" }, shortcut: "goDoctor" },
  { place: "settings", to: { place: "settings" }, shortcut: "goSettings" },
];

/** Where a place is entered: Recall keeps the question that was asked last, until Recall is chosen once more. */
export function entryOf(app: AppState, { place, to }: PlaceEntry): Route {
  const now = app.router.route.place;
  const { asked } = app.recall;
  return place === "recall" && now !== "recall" && now !== "memory" && asked !== null ? { ...recallHome, ...asked } : to;
}

const words = t.commands;

/** All that the window can do now. What would change nothing is left out. */
export function commandsOf(app: AppState): Command[] {
  return [...here(app), ...toPlaces(app), ...toSections(app), ...toChecks(app), ...actions(app), ...sources(app)];
}

/** What these shortcuts do is in the table, and in the menus. */
export const commandKeys = {
  palette: "palette",
  note: "note",
  zoomIn: "zoom-in",
  zoomOut: "zoom-out",
  zoomReset: "zoom-reset",
  fullScreen: "full-screen",
  menuBar: "menu-bar",
  quit: "quit",
} as const satisfies Partial<Record<ShortcutName, OuterCommand>>;

/** Runs a command that was asked for from outside the palette. What concerns the window alone can always be done. */
export function runCommand(app: AppState, id: OuterCommand): void {
  const ofWindow = windowCommands(app).find((command) => command.id === id);
  if (ofWindow !== undefined) return ofWindow.run();
  if (id === "close-window") return void app.shell.askToClose();
  if (app.phase !== "open") return app.toasts.show(words.notNow, { ok: false });
  if (id === "palette") return app.palette.open ? app.palette.dismiss() : unlessDialog(app, () => app.palette.show());
  unlessDialog(app, () => {
    const command = commandsOf(app).find((known) => known.id === id);
    if (command !== undefined) command.run();
    // Being there already is no failure.
    else if (!id.startsWith("go-")) app.toasts.show(app.health.storeFails ? words.notWhileIll : words.notNow, { ok: false });
  });
}

function unlessDialog(app: AppState, run: () => void): void {
  if (app.dialogOpen) app.toasts.show(words.dialogFirst, { ok: false });
  else run();
}

/** The command that asks what was typed; null when nothing is remembered yet or the memory can't be read. */
export function askingOf(app: AppState, text: string): Command | null {
  if (app.ledger.empty || !app.health.canRead) return null;
  return {
    id: ASK,
    group: "actions",
    icon: "recall",
    title: words.ask(text),
    run: () => {
      app.router.go({ ...recallHome, question: text });
      void app.toQuestion();
    },
  };
}

/** Copies the text and says so. */
async function copy(app: AppState, text: string, done: string): Promise<void> {
  const ok = await copyText(text);
  app.toasts.show(ok ? done : words.copyFailed, { ok });
}

/** What concerns the page that is shown. */
function here(app: AppState): Command[] {
  const { route } = app.router;
  const group = "here";
  switch (route.place) {
    case "recall": {
      const filtered = route.source !== "" || route.from !== "" || route.to !== "" || route.kind !== "";
      if (!filtered) return [];
      const run = (): void => app.router.go({ ...recallHome, question: route.question });
      return [{ id: "clear-filters", group, icon: "close", title: words.clearFilters, run }];
    }
    case "memory": {
      const { shown } = app.memory;
      if (shown?.kind !== "document" || shown.path === null) return [];
      const passage = shown.asked ?? app.memory.chunks[0]?.id;
      if (passage === undefined) return [];
      return [
        { id: "show-in-original", group, icon: "file", title: t.original.show, run: () => void app.memory.lookAtOriginal(passage) },
        { id: "open-original", group, icon: "external", title: words.openOriginal, run: () => void app.memory.openOriginal() },
        { id: "show-in-folder", group, icon: "folder", title: t.original.folder, run: () => void app.memory.showOriginalInFolder() },
      ];
    }
    case "import":
      return ofImport(app, route.batch);
    case "settings":
      return [{ id: "count-storage", group, icon: "clock", title: words.countStorage, also: words.also.countStorage, run: () => void app.storage.count() }];
    default:
      return [];
  }
}

function ofImport(app: AppState, id: string): Command[] {
  const group = "here";
  const { imports } = app;
  const batch = imports.batch(id);
  if (batch === null) return [];
  if (batch.state === "running") {
    return [{ id: "stop-import", group, icon: "close", title: words.stopImport, about: batch.label, run: () => void imports.cancel(id) }];
  }
  const report = imports.report?.batch.id === id ? imports.report : null;
  if (report === null) return [];
  const commands: Command[] = [];
  for (const [what, count] of [["retry", batch.failed], ["resume", batch.cancelled]] as const) {
    if (count > 0) commands.push({ id: `${what}-import`, group, icon: "sources", title: words.againImport[what], about: batch.label, run: () => void imports.again(what, id) });
  }
  commands.push({
    id: "copy-import",
    group,
    icon: "copy",
    title: words.copyImport,
    about: batch.label,
    also: words.also.copy,
    run: () => void copy(app, reportText({ ...report, batch }), words.copied.import),
  });
  return commands;
}

function toPlaces(app: AppState): Command[] {
  const now = href(app.router.route);
  return places
    .map((entry) => ({ ...entry, to: entryOf(app, entry) }))
    .filter(({ to }) => href(to) !== now)
    .map(({ place, to, shortcut }) => ({
      id: `go-${place}`,
      group: "places",
      icon: place,
      title: t.nav[place],
      also: words.also[place],
      shortcut,
      run: () => app.router.go(to),
    }));
}

/** The checks, by their names. */
function toChecks({ health, router }: AppState): Command[] {
  return (health.status?.components ?? []).map(({ code }) => ({
    id: `check-${code}`,
    group: "places" as const,
    icon: "doctor" as const,
    title: t.doctor.codes[code],
    about: t.nav.doctor,
    also: words.also.checkNamed,
    hidden: true,
    run: () => router.go({ place: "doctor", at: code }),
  }));
}

/** The sections of the settings, by their names. */
function toSections({ router }: AppState): Command[] {
  return settingsSections.map((section) => ({
    id: `settings-${section}`,
    group: "places" as const,
    icon: "settings" as const,
    title: t.settings.sections[section],
    about: t.nav.settings,
    also: t.settings.also[section],
    hidden: true,
    run: () => router.go({ place: "settings", section }),
  }));
}

function actions(app: AppState): Command[] {
  const group = "actions";
  const { also } = words;
  const { health, imports, router } = app;
  const commands: Command[] = [];
  if (health.canRead && !app.ledger.empty) {
    commands.push({ id: "ask", group, icon: "recall", title: words.askSomething, also: also.askSomething, shortcut: "question", run: () => void app.toQuestion() });
  }
  // What is written is kept as a draft where it can't be kept in the memory.
  commands.push({ id: "note", group, icon: "pencil", title: words.note, also: also.note, shortcut: "note", run: app.actions.note });
  if (!health.storeFails) {
    commands.push(
      { id: "folder", group, icon: "folder", title: words.folder, also: also.folder, run: app.actions.folder },
      { id: "files", group, icon: "file", title: words.files, also: also.files, run: app.actions.files },
      { id: "exports", group, icon: "chats", title: words.exports, also: also.exports, run: () => (app.sources.exportsOpen = true) },
      ...ofSamples(app),
    );
  }
  for (const { id, label } of imports.running) {
    if (router.route.place === "import" && router.route.batch === id) continue;
    commands.push({ id: `import-${id}`, group, icon: "clock", title: words.showImport(label), run: () => router.go({ place: "import", batch: id }) });
  }
  commands.push(...ofWork(app), ...ofCopies(app));
  if (app.place.place?.fixed == null && !app.place.busy) {
    const run = (): void => {
      router.go({ place: "settings", section: "place" });
      void app.place.choose();
    };
    commands.push({ id: "move-memory", group, icon: "folder", title: words.moveMemory, also: also.moveMemory, run });
  }
  const { network } = app;
  if (network.network !== null && !network.busy) {
    const on = !network.offline;
    commands.push({ id: on ? "go-offline" : "go-online", group, icon: "offline", title: on ? words.goOffline : words.goOnline, also: also.offline, run: () => void app.setOffline(on) });
  }
  commands.push(...ofHealth(app));
  if (router.canGoBack) commands.push({ id: "back", group, icon: "back", title: words.back, shortcut: "back", run: () => router.back(recallHome) });
  if (router.canGoForward) commands.push({ id: "forward", group, icon: "forward", title: words.forward, shortcut: "forward", run: () => router.forward() });
  for (const choice of themeChoices) {
    if (choice === app.theme.choice) continue;
    commands.push({ id: `theme-${choice}`, group, icon: themeIcons[choice], title: words.themes[choice], also: also.theme, run: () => app.theme.choose(choice) });
  }
  commands.push({ id: "welcome", group, icon: "leaf", title: words.welcome, also: also.welcome, run: () => router.go({ place: "welcome", step: "begin" }) });
  commands.push(...windowCommands(app));
  commands.push({ id: "about", group, icon: "info", title: t.window.about, also: also.about, run: () => (app.shell.aboutOpen = true) });
  commands.push({ id: "shortcuts", group, icon: "keyboard", title: t.shortcuts.title, also: also.shortcuts, shortcut: "shortcuts", run: () => (app.sheetOpen = true) });
  return commands;
}

/** The checks, what is being mended, and what has happened. */
function ofHealth({ fixes, health, report, router }: AppState): Command[] {
  const group = "actions";
  const { also } = words;
  // Single characters do it on the Doctor's own place alone.
  const key = (shortcut: ShortcutName): { shortcut?: ShortcutName } => (router.route.place === "doctor" ? { shortcut } : {});
  const atDoctor = (does: () => Promise<void>) => (): void => {
    if (router.route.place !== "doctor") router.go({ place: "doctor" });
    void does();
  };
  const commands: Command[] = [];
  if (fixes.underWay) commands.push({ id: "show-fix", group, icon: "doctor", title: words.showFix, also: also.fix, run: () => fixes.show() });
  if (health.storeUnwell && !health.trying) {
    commands.push({ id: "try-store", group, icon: "doctor", title: words.tryStore, also: also.check, run: atDoctor(() => health.tryNow()) });
  }
  commands.push(
    health.running
      ? { id: "stop-checks", group, icon: "close", title: words.stopChecks, also: also.check, run: () => void health.stop() }
      : { id: "check", group, icon: "doctor", title: words.check, also: also.check, ...key("runChecks"), run: atDoctor(() => health.run()) },
  );
  commands.push({ id: "copy-health", group, icon: "copy", title: words.copyHealth, also: also.copy, ...key("copyReport"), run: () => void report.show() });
  if (router.route.place !== "doctor" || router.route.at !== "timeline") {
    const run = (): void => router.go({ place: "doctor", at: "timeline" });
    commands.push({ id: "timeline", group, icon: "clock", title: words.timeline, also: also.timeline, ...key("timeline"), run });
  }
  return commands;
}

/** Each leads to the place where its effect is seen. */
function ofWork({ activity, health, router }: AppState): Command[] {
  const group = "actions";
  if (health.storeFails) return [];
  const also = words.also.work;
  const does = (what: () => Promise<void>) => (): void => {
    router.go({ place: "activity" });
    void what();
  };
  const commands: Command[] = [
    activity.paused
      ? { id: "resume", group, icon: "play", title: words.resume, also, run: does(() => activity.resume()) }
      : { id: "pause", group, icon: "pause", title: words.pause, also, run: does(() => activity.pause()) },
  ];
  if (activity.failed > 0) {
    commands.push({ id: "retry-failed", group, icon: "activity", title: words.retryFailed, also, run: does(() => activity.retry(null)) });
  }
  return commands;
}

/** What is done with the window itself, whatever the page shows. */
function windowCommands(app: AppState): Command[] {
  const group = "actions";
  const { also } = words;
  const { shell } = app;
  const acting = (act: WindowAct) => (): void => void shell.act(act).then((done) => !done && app.toasts.show(words.notByWindow, { ok: false }));
  const zooming = (act: WindowAct) => (): void =>
    void shell.act(act).then((done) => app.toasts.show(done && shell.now !== null ? words.zoomed(shell.now.zoom_percent) : words.notByWindow, { ok: done }));
  const commands: Command[] = [
    { id: "zoom-in", group, icon: "zoomIn", title: words.zoomIn, also: also.zoom, shortcut: "zoomIn", run: zooming("zoom_in") },
    { id: "zoom-out", group, icon: "zoomOut", title: words.zoomOut, also: also.zoom, shortcut: "zoomOut", run: zooming("zoom_out") },
    { id: "zoom-reset", group, icon: "recall", title: words.zoomReset, also: also.zoom, shortcut: "zoomReset", run: zooming("zoom_reset") },
    { id: "full-screen", group, icon: "system", title: words.fullScreen, also: also.fullScreen, shortcut: "fullScreen", run: acting("full_screen") },
  ];
  const bar = shell.now?.menu_bar ?? null;
  if (bar !== null) {
    const title = bar ? words.hideMenuBar : words.showMenuBar;
    commands.push({ id: "menu-bar", group, icon: "menu", title, also: also.menuBar, shortcut: "menuBar", run: acting("menu_bar") });
  }
  commands.push({ id: "quit", group, icon: "close", title: words.quit, also: also.quit, shortcut: "quit", run: acting("quit") });
  return commands;
}

/** Samples are offered until they are here, and then the way to be rid of them. */
function ofSamples({ actions, sources }: AppState): Command[] {
  const group = "actions";
  const { also } = words;
  if (sources.samples.length === 0) {
    return [{ id: "samples", group, icon: "leaf", title: words.samples, also: also.samples, run: actions.samples }];
  }
  const run = (): void => void sources.removeSamples();
  return [{ id: "remove-samples", group, icon: "leaf", title: words.removeSamples, also: also.removeSamples, run }];
}

/** What is under way is shown in the settings, so that is where these lead. */
function ofCopies({ copies, health, router }: AppState): Command[] {
  const group = "actions";
  const { running } = copies;
  if (running !== null) {
    if (running.work === "restore") return [];
    const run = (): void => {
      router.go({ place: "settings", section: "backup" });
      void copies.cancel();
    };
    return [{ id: "stop-copy", group, icon: "close", title: words.stopCopy[running.work], also: words.also.backUp, run }];
  }
  if (copies.busy || health.storeFails) return [];
  const run = (): void => {
    router.go({ place: "settings", section: "backup" });
    void copies.make();
  };
  return [{ id: "back-up", group, icon: "drop", title: words.backUp, also: words.also.backUp, run }];
}

/** Made once for each reading of the ledger: there may be thousands. */
const ofSources = new WeakMap<SourceRow[], Command[]>();

function sources(app: AppState): Command[] {
  const rows = app.ledger.sources ?? [];
  const known = ofSources.get(rows);
  if (known !== undefined) return known;
  const made = rows.flatMap((row) => ofSource(app, row));
  ofSources.set(rows, made);
  return made;
}

function ofSource(app: AppState, { id, name, path, kind, watched }: SourceRow): Command[] {
  const group = "sources" as const;
  const about = path === null ? t.sources.kinds[kind] : tilde(path);
  const open: Command = {
    id: `source-${id}`,
    group,
    icon: "sources",
    title: words.source(name),
    about,
    also: words.also.source,
    run: () => app.router.go({ place: "tree", id }),
  };
  if (kind !== "folder") return [open];
  const readAgain: Command = {
    id: `read-again-${id}`,
    group,
    icon: "again",
    title: words.readAgain(name),
    about,
    also: words.also.readAgain,
    run: () => void app.sources.readAgain(id),
  };
  const watch: Command = {
    id: `watch-${id}`,
    group,
    icon: "clock",
    title: watched ? words.watchOff(name) : words.watchOn(name),
    about,
    also: words.also.watch,
    run: () => void app.sources.watch(id, !watched),
  };
  return [open, readAgain, watch];
}

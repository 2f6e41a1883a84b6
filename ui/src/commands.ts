import type { AppState } from "./app.svelte";
import { ASK, type Command } from "./features/commands/palette.svelte";
import { healthReport } from "./features/doctor/report";
import { reportText } from "./features/sources/report";
import { copyText } from "./shared/copy";
import { isFile, tilde } from "./shared/format";
import type { IconName } from "./shared/Icon.svelte";
import { href, recallHome, type Route } from "./shared/route";
import type { ShortcutName } from "./shared/shortcuts";
import { themeChoices, type ThemeChoice } from "./state/theme.svelte";
import { t } from "./strings";

export interface PlaceEntry {
  place: "recall" | "tree" | "sources" | "doctor" | "settings";
  to: Route;
  shortcut: ShortcutName;
}

/** The places, in the order of the sidebar. */
export const places: readonly PlaceEntry[] = [
  { place: "recall", to: recallHome, shortcut: "goRecall" },
  { place: "tree", to: { place: "tree", id: null }, shortcut: "goTree" },
  { place: "sources", to: { place: "sources" }, shortcut: "goSources" },
  { place: "doctor", to: { place: "doctor" }, shortcut: "goDoctor" },
  { place: "settings", to: { place: "settings" }, shortcut: "goSettings" },
];

/** Where a place is entered: Recall keeps the question that was asked last, until Recall is chosen once more. */
export function entryOf(app: AppState, { place, to }: PlaceEntry): Route {
  const now = app.router.route.place;
  const { asked } = app.recall;
  return place === "recall" && now !== "recall" && now !== "memory" && asked !== null ? { ...recallHome, ...asked } : to;
}

export const themeIcons: Record<ThemeChoice, IconName> = { system: "system", light: "sun", dark: "moon" };

const words = t.commands;

/** All that the window can do now. What would change nothing is left out. */
export function commandsOf(app: AppState): Command[] {
  return [...here(app), ...toPlaces(app), ...actions(app), ...sources(app)];
}

/** The command that asks what was typed; null when nothing is remembered yet or the memory can't be read. */
export function askingOf(app: AppState, text: string): Command | null {
  if (app.ledger.empty || app.health.storeFails) return null;
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
      const filtered = route.source !== "" || route.from !== "" || route.to !== "";
      if (!filtered) return [];
      const run = (): void => app.router.go({ ...recallHome, question: route.question });
      return [{ id: "clear-filters", group, icon: "close", title: words.clearFilters, run }];
    }
    case "memory": {
      const { shown } = app.memory;
      const hasFile = shown?.kind === "document" && shown.chunks.some(({ locator }) => isFile(locator.path));
      if (!hasFile) return [];
      return [{ id: "open-original", group, icon: "external", title: words.openOriginal, run: () => void app.memory.openOriginal() }];
    }
    case "import":
      return ofImport(app, route.batch);
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
  if (batch.failed + batch.cancelled > 0) {
    commands.push({ id: "retry-import", group, icon: "sources", title: words.retryImport, about: batch.label, run: () => void imports.retry(id) });
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

function actions(app: AppState): Command[] {
  const group = "actions";
  const { also } = words;
  const { health, imports, router } = app;
  const commands: Command[] = [];
  if (!health.storeFails) {
    if (!app.ledger.empty) {
      commands.push({ id: "ask", group, icon: "recall", title: words.askSomething, also: also.askSomething, shortcut: "question", run: () => void app.toQuestion() });
    }
    commands.push(
      { id: "note", group, icon: "pencil", title: words.note, also: also.note, run: app.actions.note },
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
  commands.push(...ofCopies(app));
  if (health.busy === null) {
    const check = (ask: () => Promise<void>) => (): void => {
      router.go({ place: "doctor" });
      void ask();
    };
    if (health.storeUnwell) {
      commands.push({ id: "try-store", group, icon: "doctor", title: words.tryStore, also: also.check, run: check(() => health.tryNow()) });
    }
    commands.push({ id: "check", group, icon: "doctor", title: words.check, also: also.check, run: check(() => health.check()) });
  }
  const { status } = health;
  if (status !== null) {
    const run = (): void => void copy(app, healthReport(status), words.copied.health);
    commands.push({ id: "copy-health", group, icon: "copy", title: words.copyHealth, also: also.copy, run });
  }
  if (router.canGoBack) commands.push({ id: "back", group, icon: "back", title: words.back, shortcut: "back", run: () => router.back(recallHome) });
  if (router.canGoForward) commands.push({ id: "forward", group, icon: "forward", title: words.forward, shortcut: "forward", run: () => router.forward() });
  for (const choice of themeChoices) {
    if (choice === app.theme.choice) continue;
    commands.push({ id: `theme-${choice}`, group, icon: themeIcons[choice], title: words.themes[choice], also: also.theme, run: () => app.theme.choose(choice) });
  }
  commands.push({ id: "welcome", group, icon: "leaf", title: words.welcome, also: also.welcome, run: () => router.go({ place: "welcome", step: "begin" }) });
  commands.push({ id: "shortcuts", group, icon: "keyboard", title: t.shortcuts.title, also: also.shortcuts, shortcut: "shortcuts", run: () => (app.sheetOpen = true) });
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
      router.go({ place: "settings" });
      void copies.cancel();
    };
    return [{ id: "stop-copy", group, icon: "close", title: words.stopCopy[running.work], also: words.also.backUp, run }];
  }
  if (copies.busy || health.storeFails) return [];
  const run = (): void => {
    router.go({ place: "settings" });
    void copies.make();
  };
  return [{ id: "back-up", group, icon: "drop", title: words.backUp, also: words.also.backUp, run }];
}

function sources(app: AppState): Command[] {
  const group = "sources" as const;
  return (app.ledger.sources ?? []).flatMap(({ id, name, path, kind, watched }) => {
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
    if (kind !== "folder" || app.health.storeFails) return [open];
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
  });
}

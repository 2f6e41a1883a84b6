import { cleanup, screen } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import type { AppState } from "./app.svelte";
import { commandsOf } from "./commands";
import menus from "./menus.json";
import { outerCommands, type OuterCommand } from "./platform";
import { FakePlatform } from "./platform/fake";
import { strokesOf, type ShortcutName } from "./shared/shortcuts";
import { t } from "./strings";
import { settle } from "./testing/platform";
import { openWindow, press } from "./testing/window";

type Item = { id: string; title: string; keys?: string; keysOnMac?: string };
const items = menus.menus.flatMap((menu) => menu.items.filter((item) => typeof item !== "string") as Item[]);
/** Those of editing are done where the caret is, and never reach the page as commands. */
const commands = items.filter(({ id }) => !id.startsWith("edit-"));

beforeEach(() => {
  localStorage.clear();
  Object.defineProperty(navigator, "clipboard", { value: { writeText: async () => {} }, configurable: true });
});

const said = (app: AppState): string | undefined => app.toasts.shown.at(-1)?.text;

const choose = (id: OuterCommand): boolean => dispatchEvent(new CustomEvent("fake-command", { detail: id }));

it("every_menu_names_a_command_of_the_page", () => {
  const known: readonly string[] = outerCommands;
  expect(commands.map(({ id }) => id).filter((id) => !known.includes(id))).toEqual([]);
  const named = new Set(commands.map(({ id }) => id));
  expect(outerCommands.filter((id) => !named.has(id)), "what only the window itself asks for").toEqual(["close-window"]);
});

it("every_menu_is_a_line_of_the_palette_or_opens_it", async () => {
  const { app } = await openWindow();
  app.router.go({ place: "tree", id: null });
  app.router.go({ place: "import", batch: "imp-1" });
  history.back();
  await expect.poll(() => app.router.canGoForward).toBe(true);
  const here = commandsOf(app).map(({ id }) => id);
  for (const id of new Set(commands.map((item) => item.id))) {
    if (id === "palette" || id === "go-tree") continue;
    expect(here, `${id} would do nothing`).toContain(id);
  }
});

it("the_menus_say_what_the_page_says", async () => {
  const { app } = await openWindow("full", "#/sources/import/imp-1");
  // The report can be copied once there is one.
  await expect.poll(() => app.health.status).not.toBeNull();
  const titles = new Map(commandsOf(app).map(({ id, title }) => [id, title]));
  const apart: Record<string, string> = {
    note: "New note",
    folder: `${t.actions.folder}…`,
    files: `${t.actions.files}…`,
    palette: t.commands.title,
    "menu-bar": "Menu bar",
    back: t.commands.back,
    forward: t.commands.forward,
  };
  for (const { id, title } of commands) {
    expect(title.replace(id === "go-settings" ? "…" : "", ""), id).toBe(apart[id] ?? titles.get(id));
  }
  expect(menus.tray.states).toEqual(t.states);
  expect(menus.tray.opening).toBe(t.starting);
  expect(menus.tray.quit).toBe(t.commands.quit);
  expect([menus.tray.pause, menus.tray.resume]).toEqual([t.commands.pause, t.commands.resume]);
});

it("the_menus_show_the_keys_that_the_page_hears", async () => {
  const { app } = await openWindow("full", "#/sources/import/imp-1");
  const shortcuts = new Map<string, ShortcutName | undefined>(commandsOf(app).map(({ id, shortcut }) => [id, shortcut]));
  for (const [id, name] of [["palette", "palette"], ["back", "back"], ["forward", "forward"]] as const) shortcuts.set(id, name);
  const strokes = (name: ShortcutName, mac: boolean): string[] =>
    strokesOf(name, mac).map(({ key, mod, alt, control }) =>
      [control && "Control", mod && "CmdOrCtrl", alt && "Alt", key.replace("Arrow", "").toUpperCase()].filter(Boolean).join("+"),
    );
  const normal = (keys: string): string => keys.replace(/^Cmd\+/, "CmdOrCtrl+").replace(/[^+]+$/, (key) => key.toUpperCase());
  let looked = 0;
  for (const { id, keys, keysOnMac } of commands) {
    const name = shortcuts.get(id);
    if (keys === undefined) continue;
    if (name === undefined) throw new Error(`${id} has keys in the menu and none in the page`);
    expect(strokes(name, false), id).toContain(normal(keys));
    if (keysOnMac !== undefined) expect(strokes(name, true), id).toContain(normal(keysOnMac));
    looked += 1;
  }
  expect(looked).toBeGreaterThan(12);
});

it("a_menu_does_what_the_palette_does", async () => {
  const { app } = await openWindow();
  choose("go-tree");
  expect(location.hash).toBe("#/tree");
  choose("note");
  expect(await screen.findByTestId("note-dialog")).not.toBeNull();
  choose("folder");
  expect(app.imports.proposal, "a dialog is open").toBeNull();
  expect(said(app)).toBe(t.commands.dialogFirst);
  press("Escape");
  await expect.poll(() => screen.queryByTestId("note-dialog")).toBeNull();
  choose("palette");
  expect(app.palette.open).toBe(true);
  choose("palette");
  expect(app.palette.open, "asked for once more, it goes").toBe(false);
  await settle();
  choose("about");
  expect((await screen.findByTestId("about")).textContent).toMatch(/Version \d+\.\d+\.\d+/);
});

it("a_menu_that_can_do_nothing_says_so", async () => {
  const { app } = await openWindow();
  choose("back");
  expect(said(app)).toBe(t.commands.notNow);
  choose("go-recall");
  choose("forward");
  expect(app.toasts.shown.at(-1)?.ok).toBe(false);
});

it("the_window_is_zoomed_by_keys_in_any_state", async () => {
  const { app } = await openWindow("held");
  await expect.poll(() => app.shell.now).not.toBeNull();
  press("=", { ctrlKey: true });
  await expect.poll(() => app.shell.now?.zoom_percent).toBe(110);
  await expect.poll(() => said(app)).toBe("110 %");
  press("+", { ctrlKey: true, shiftKey: true });
  await expect.poll(() => app.shell.now?.zoom_percent).toBe(120);
  press("-", { ctrlKey: true });
  press("0", { ctrlKey: true });
  await expect.poll(() => app.shell.now?.zoom_percent).toBe(100);
  choose("note");
  expect(said(app), "there is nothing to write it into").toBe(t.commands.notNow);
});

it("a_key_that_the_menu_shows_does_it_once", async () => {
  const { app, platform } = await openWindow();
  const act = vi.spyOn(platform, "act");
  await expect.poll(() => app.shell.now).not.toBeNull();
  expect(press("F10"), "the key is the page's").toBe(false);
  await expect.poll(() => app.shell.now?.menu_bar).toBe(true);
  expect(act.mock.calls).toEqual([["menu_bar"]]);
  expect(press("n", { ctrlKey: true })).toBe(false);
  expect(await screen.findByTestId("note-dialog")).not.toBeNull();
});

it("closing_says_what_becomes_of_the_work_and_then_closes", async () => {
  const { app, platform } = await openWindow();
  const act = vi.spyOn(platform, "act");
  choose("close-window");
  expect((await screen.findByTestId("close-text")).textContent).toBe(t.window.closing.ends);
  screen.getByTestId("keep-running").click();
  await expect.poll(() => screen.getByTestId("close-text").textContent).toBe(t.window.closing.goesOn);
  screen.getByTestId("close-confirm").click();
  await expect.poll(() => act.mock.lastCall).toEqual(["close"]);
  expect(app.shell.closing).toBe(false);
});

it("without_a_tray_nothing_can_be_kept_running", async () => {
  const platform = new FakePlatform("full");
  platform.shell = async () => ({ zoom_percent: 100, menu_bar: false, keep_running: false, notices: true, tray: false });
  await openWindow(platform, "#/settings");
  expect((await screen.findByTestId("no-tray")).textContent).toBe(t.window.noTray);
  expect(screen.queryByTestId("keep-running")).toBeNull();
  choose("close-window");
  expect((await screen.findByTestId("close-dialog")).textContent).toContain(t.window.closing.ends);
  expect(screen.queryByTestId("keep-running")).toBeNull();
});

const drag = (type: string): boolean => dispatchEvent(Object.assign(new Event(type, { cancelable: true }), { dataTransfer: { files: [{ name: "notes" }] } }));

it("a_drop_is_taken_in_every_place", async () => {
  for (const at of ["#/recall", "#/tree", "#/memory/doc-beech.2", "#/sources", "#/sources/import/imp-1", "#/doctor", "#/settings"]) {
    const { app } = await openWindow("full", at);
    expect(app.dropRefusal, at).toBeNull();
    drag("dragover");
    expect(await screen.findByTestId("drop-target"), at).not.toBeNull();
    drag("drop");
    await expect.poll(() => app.imports.proposal, { message: at }).not.toBeNull();
    expect(screen.queryByTestId("drop-veil")).toBeNull();
    cleanup();
  }
});

it("a_drop_is_refused_with_words_while_a_dialog_is_open", async () => {
  const { app } = await openWindow();
  choose("note");
  await screen.findByTestId("note-dialog");
  drag("dragover");
  expect((await screen.findByTestId("drop-refused")).textContent).toContain(t.sources.dropDialog);
  drag("drop");
  await settle();
  expect(app.imports.proposal).toBeNull();
  expect([said(app), app.announcer.text]).toEqual([t.sources.dropDialog, t.sources.dropDialog]);
});

it("a_drop_on_a_memory_that_is_held_is_refused_with_words", async () => {
  const { app } = await openWindow("held");
  drag("dragover");
  expect((await screen.findByTestId("drop-refused")).textContent).toContain(t.sources.dropHeld);
  drag("drop");
  expect(said(app)).toBe(t.sources.dropHeld);
});

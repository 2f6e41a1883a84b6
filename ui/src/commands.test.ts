import { screen } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import { AppState } from "./app.svelte";
import { commandsOf } from "./commands";
import { FakePlatform, type Scenario } from "./platform/fake";
import { shortcutNames } from "./shared/shortcuts";
import { settle } from "./testing/platform";
import { openWindow, press } from "./testing/window";

const written = vi.fn(async (_: string) => {});

beforeEach(() => {
  history.replaceState(null, "", "#/recall");
  localStorage.clear();
  written.mockClear();
  Object.defineProperty(navigator, "clipboard", { value: { writeText: written }, configurable: true });
});

async function open(scenario: Scenario = "full", at = "#/recall"): ReturnType<typeof openWindow> {
  const opened = await openWindow(scenario, at);
  await expect.poll(() => opened.app.ledger.sources !== null || opened.app.ledger.error !== null).toBe(true);
  return opened;
}

async function openPalette(typed = ""): Promise<HTMLInputElement> {
  press("k", { ctrlKey: true });
  const box = (await screen.findByTestId("palette-box")) as HTMLInputElement;
  await expect.poll(() => document.activeElement).toBe(box);
  if (typed !== "") {
    box.value = typed;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await settle();
  }
  return box;
}

/** Types, runs what is nearest, and waits until the palette is gone. */
async function run(typed: string): Promise<void> {
  await openPalette(typed);
  press("Enter");
  await expect.poll(() => screen.queryByTestId("palette")).toBeNull();
  await settle();
}

const activeOption = (box: HTMLElement): HTMLElement | null => document.getElementById(box.getAttribute("aria-activedescendant") ?? "");
const names = (app: AppState): string[] => commandsOf(app).map(({ id }) => id);

it("it_opens_without_asking_the_memory_anything", async () => {
  const { platform } = await open();
  const call = vi.spyOn(platform, "call");
  const box = await openPalette();
  expect(box.getAttribute("role")).toBe("combobox");
  expect(document.getElementById(box.getAttribute("aria-controls") ?? "")?.getAttribute("role")).toBe("listbox");
  expect(screen.getAllByTestId("palette-option").length).toBeGreaterThan(10);
  expect(call).not.toHaveBeenCalled();
});

it("the_box_keeps_the_focus_while_arrows_choose", async () => {
  await open();
  const box = await openPalette();
  expect(activeOption(box)?.dataset["command"]).toBe("go-tree");
  press("ArrowDown");
  await settle();
  expect(activeOption(box)?.dataset["command"]).toBe("go-people");
  expect(activeOption(box)?.getAttribute("aria-selected")).toBe("true");
  press("End");
  await settle();
  expect(activeOption(box)?.dataset["command"]).toBe("shortcuts");
  expect(document.activeElement).toBe(box);
});

it("the_focus_goes_back_to_where_it_was", async () => {
  await open("full", "#/doctor");
  const button = await screen.findByTestId("run-all");
  button.focus();
  await openPalette();
  press("Escape");
  await expect.poll(() => document.activeElement).toBe(button);
  await openPalette();
  press("k", { ctrlKey: true });
  await expect.poll(() => document.activeElement, { message: "its own shortcut closes it too" }).toBe(button);
  expect(location.hash, "Escape left nothing but the palette").toBe("#/doctor");
});

it("a_word_being_composed_keeps_its_keys", async () => {
  await open();
  await openPalette("note");
  press("Enter", { isComposing: true });
  press("Escape", { isComposing: true });
  await settle();
  expect(screen.queryByTestId("palette")).not.toBeNull();
});

it("it_is_reached_by_mouse", async () => {
  await open();
  screen.getByTestId("open-palette").click();
  const options = await screen.findAllByTestId("palette-option");
  options.find(({ dataset }) => dataset["command"] === "go-doctor")?.click();
  expect((await screen.findByTestId("doctor-headline")).textContent).toContain("Everything works");
});

it("each_place_is_gone_to", async () => {
  const { app } = await open();
  for (const [typed, hash] of [["tree", "#/tree"], ["sources", "#/sources"], ["doctor", "#/doctor"], ["settings", "#/settings"], ["recall", "#/recall"]] as const) {
    await run(typed);
    expect(location.hash).toBe(hash);
  }
  expect(names(app), "where the window is already can't be gone to").not.toContain("go-recall");
});

it("a_question_is_asked_as_it_was_typed", async () => {
  const { app } = await open("full", "#/doctor");
  await run("how old is the big beech?");
  expect(app.router.route).toMatchObject({ place: "recall", question: "how old is the big beech?" });
  await expect.poll(() => app.recall.answer?.hits.length).toBeGreaterThan(0);
  await expect.poll(() => document.activeElement?.id).toBe("question");
  await run("settings");
  await run("recall");
  expect(app.router.route, "Recall keeps the question that was asked last").toMatchObject({ question: "how old is the big beech?" });
});

it("the_question_box_is_gone_to_from_anywhere", async () => {
  await open("full", "#/sources");
  await run("ask a question");
  await expect.poll(() => document.activeElement?.id).toBe("question");
});

it("imports_and_notes_begin_as_their_buttons_begin_them", async () => {
  const { app } = await open();
  await run("import folder");
  await expect.poll(() => app.imports.proposal?.paths).toEqual(["/home/ada/Documents/Research"]);
  app.imports.dismiss();
  await settle();
  await run("import files");
  await expect.poll(() => app.imports.proposal?.paths).toEqual(["/home/ada/Documents/roof.md"]);
  app.imports.dismiss();
  await settle();
  await run("sample");
  await expect.poll(() => app.imports.proposal?.paths).toEqual(["/usr/lib/oldgrowth/samples"]);
  app.imports.dismiss();
  await settle();
  await run("write note");
  expect(await screen.findByTestId("note-dialog")).not.toBeNull();
});

it("a_dialog_that_a_command_opened_gives_the_focus_back_too", async () => {
  await open("full", "#/doctor");
  const button = await screen.findByTestId("run-all");
  button.focus();
  await run("write note");
  await screen.findByTestId("note-dialog");
  press("Escape");
  await expect.poll(() => document.activeElement).toBe(button);
});

it("the_theme_in_use_is_not_offered", async () => {
  const { app } = await open();
  expect(names(app)).not.toContain("theme-system");
  await run("dark");
  expect(document.documentElement.dataset["theme"]).toBe("dark");
  expect(names(app)).not.toContain("theme-dark");
  await run("light theme");
  expect(document.documentElement.dataset["theme"]).toBe("light");
  await run("theme system");
  expect(app.theme.choice).toBe("system");
});

it("the_sections_of_the_settings_come_when_they_are_named", async () => {
  const { app } = await open();
  app.palette.show();
  expect(app.palette.results.map(({ id }) => id)).not.toContain("settings-storage");
  app.palette.dismiss();
  await run("storage size");
  expect(location.hash).toBe("#/settings/storage");
  expect(await screen.findByTestId("storage-total")).toBeTruthy();
});

it("a_backup_is_made_and_stopped_where_it_can_be_seen", async () => {
  const { app } = await open();
  await run("back up now");
  expect(location.hash).toBe("#/settings/backup");
  await screen.findByTestId("copy-progress");
  expect(names(app)).not.toContain("back-up");
  await run("stop backup");
  await expect.poll(() => app.copies.done?.what).toBe("stopped");
});

it("all_checks_are_run_and_stopped_at_the_doctor", async () => {
  const { app, platform } = await open();
  const call = vi.spyOn(platform, "call");
  await run("all checks");
  expect(location.hash).toBe("#/doctor");
  expect(call).toHaveBeenCalledWith("checks_run", { codes: [] });
  expect(names(app)).not.toContain("check");
  await run("stop the checks");
  await expect.poll(() => app.health.running).toBe(false);
  expect(app.announcer.text).toBe("The checks were stopped.");
});

it("the_timeline_and_each_check_are_gone_to_by_name", async () => {
  const { app } = await open();
  await expect.poll(() => app.health.status).not.toBeNull();
  await run("timeline");
  expect(location.hash).toBe("#/doctor/timeline");
  expect(names(app)).not.toContain("timeline");
  await run("disk space check");
  expect(location.hash).toBe("#/doctor/space");
});

it("single_characters_do_it_on_the_doctors_place_alone", async () => {
  const { app } = await open("full", "#/sources");
  press("t");
  expect(location.hash).toBe("#/sources");
  app.router.go({ place: "doctor" });
  await screen.findByTestId("run-all");
  (document.activeElement as HTMLElement).blur();
  press("t");
  expect(location.hash).toBe("#/doctor/timeline");
  press("t");
  expect(location.hash).toBe("#/doctor");
  press("c");
  expect(await screen.findByTestId("report-dialog")).toBeTruthy();
  press("r");
  expect(app.health.running, "a dialog has the keys").toBe(false);
});

it("a_fix_goes_on_wherever_the_person_goes_and_tells_its_end", async () => {
  const { app } = await open("attention", "#/doctor/permissions");
  const finding = (await screen.findAllByTestId("finding")).find(({ dataset }) => dataset["code"] === "permissions");
  finding?.querySelector<HTMLElement>("[data-testid=fix]")?.click();
  await expect.poll(() => app.fixes.current?.stage.at).toBe("planned");
  (await screen.findByTestId("fix-apply")).click();
  expect(await screen.findByTestId("fix-progress")).toBeTruthy();
  press("Escape");
  await expect.poll(() => screen.queryByTestId("fix-dialog")).toBeNull();
  app.router.go({ place: "sources" });
  expect(names(app)).toContain("show-fix");
  await expect.poll(() => app.toasts.shown.at(-1)?.text, { timeout: 8000 }).toContain("Only you can read");
  app.router.go({ place: "doctor" });
  expect((await screen.findAllByTestId("receipt-row")).length).toBe(4);
  await expect.poll(() => screen.queryAllByTestId("finding").map(({ dataset }) => dataset["code"])).not.toContain("permissions");
}, 15_000);

it("what_is_copied_is_said_and_shown", async () => {
  const { app } = await open("full", "#/sources/import/imp-2");
  await screen.findByTestId("batch-report");
  await run("copy import");
  await expect.poll(() => written.mock.lastCall?.[0]).toContain("Import: Notes");
  expect(app.announcer.text).toBe("The import’s report is copied.");
  expect(screen.getByTestId("toast").textContent.trim()).toBe("The import’s report is copied.");
});

it("the_health_report_is_looked_over_before_it_is_copied", async () => {
  const { app } = await open("full", "#/sources");
  await run("copy health");
  await expect.poll(() => screen.queryByTestId("report-preview")?.textContent).toContain("Oldgrowth health report");
  expect(written, "nothing is copied unseen").not.toHaveBeenCalled();
  expect(screen.getByTestId("report-preview").textContent).not.toContain("/home/ada");
  screen.getByTestId("report-names").click();
  await expect.poll(() => screen.queryByTestId("report-preview")?.textContent).toContain("/home/ada");
  screen.getByTestId("report-copy").click();
  await expect.poll(() => written.mock.lastCall?.[0]).toContain("/home/ada");
  expect([app.announcer.text, location.hash]).toEqual(["The report is copied.", "#/sources"]);
});

it("a_copy_that_failed_is_shown_as_one", async () => {
  const { app } = await open("full", "#/sources/import/imp-2");
  await screen.findByTestId("batch-report");
  written.mockRejectedValueOnce(new Error("not allowed"));
  document.execCommand = () => false;
  await run("copy import");
  await expect.poll(() => app.toasts.shown.length).toBe(1);
  expect(app.toasts.shown[0]?.ok).toBe(false);
});

it("the_history_is_gone_through", async () => {
  const { app } = await open();
  expect(names(app)).not.toContain("back");
  await run("tree");
  await run("go back");
  await expect.poll(() => location.hash).toBe("#/recall");
  expect(names(app)).toContain("forward");
  await run("go forward");
  await expect.poll(() => location.hash).toBe("#/tree");
  expect(names(app)).not.toContain("forward");
  press("ArrowLeft", { altKey: true });
  await expect.poll(() => location.hash).toBe("#/recall");
});

it("a_source_is_opened_by_its_name", async () => {
  await open();
  await run("field jour");
  expect(location.hash).toBe("#/tree/src-field");
});

it("a_page_brings_its_own_commands", async () => {
  const { app } = await open("full", "#/sources/import/imp-2");
  await screen.findByTestId("batch-report");
  expect(names(app).slice(0, 2)).toEqual(["retry-import", "copy-import"]);
  await run("retry failed");
  await expect.poll(() => app.imports.batch("imp-2")?.state).toBe("done");
  app.router.go({ place: "recall", question: "beech", source: "src-notes", from: "", to: "", kind: "", author: "", tag: "" });
  await run("clear filters");
  expect(app.router.route).toMatchObject({ question: "beech", source: "" });
});

it("a_running_import_is_shown_and_stopped", async () => {
  const { app } = await open("importing");
  await expect.poll(() => app.imports.running.length).toBe(1);
  await run("show import");
  expect(location.hash).toBe("#/sources/import/imp-9");
  await run("stop this import");
  await expect.poll(() => app.imports.batch("imp-9")?.state).toBe("cancelled");
});

it("the_file_of_a_memory_is_opened", async () => {
  const { app, platform } = await open("full", "#/memory/doc-beech.2");
  const original = vi.spyOn(platform, "openOriginal");
  await expect.poll(() => app.memory.shown).not.toBeNull();
  await run("open original");
  expect(original).toHaveBeenCalled();
});

it("an_empty_memory_can_be_asked_nothing", async () => {
  const { app } = await open("empty");
  expect(names(app)).not.toContain("ask");
  await openPalette("volcano");
  expect(screen.queryAllByTestId("palette-option")).toHaveLength(0);
  expect(screen.getByTestId("palette-nothing").textContent).toContain("No command");
});

it("a_store_that_fails_is_tried_and_notes_are_drafted", async () => {
  const { app } = await open("error");
  const can = names(app);
  expect(can).toEqual(expect.arrayContaining(["try-store", "note"]));
  for (const id of ["ask", "folder", "files", "back-up"]) expect(can).not.toContain(id);
});

it("the_sheet_lists_every_shortcut", async () => {
  await open("full", "#/doctor");
  const button = await screen.findByTestId("run-all");
  button.focus();
  press("?", { shiftKey: true });
  await screen.findByTestId("shortcuts");
  expect(screen.getAllByTestId("shortcut").map(({ dataset }) => dataset["shortcut"]).toSorted()).toEqual(shortcutNames.toSorted());
  press("Escape");
  await expect.poll(() => document.activeElement).toBe(button);
});

it("a_question_mark_that_is_written_opens_nothing", async () => {
  const { app } = await open();
  (await screen.findByTestId("question-box")).focus();
  press("?", { shiftKey: true });
  expect(app.sheetOpen).toBe(false);
  await run("keyboard shortcuts");
  expect(app.sheetOpen).toBe(true);
});

it("single_characters_can_be_turned_off_for_good", async () => {
  const { app } = await open("full", "#/doctor");
  (await screen.findByTestId("run-all")).focus();
  press("?");
  (await screen.findByTestId("character-keys")).click();
  await settle();
  press("Escape");
  await expect.poll(() => screen.queryByTestId("shortcuts")).toBeNull();
  press("?");
  press("/");
  expect([app.sheetOpen, location.hash]).toEqual([false, "#/doctor"]);
  const again = new AppState(new FakePlatform("full"));
  again.characterKeys.start();
  expect(again.characterKeys.on).toBe(false);
});

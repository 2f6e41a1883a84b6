import { render, screen } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import App from "../../App.svelte";
import { AppState } from "../../app.svelte";
import { commandsOf } from "../../commands";
import { FakePlatform, type Scenario } from "../../platform/fake";
import { t } from "../../strings";
import { batchOf, handPlatform, settle, unavailable } from "../../testing/platform";
import { Imports } from "./imports.svelte";
import { contentsOf, countedOf } from "../../shared/units";

beforeEach(() => localStorage.clear());

async function open(scenario: Scenario): Promise<{ app: AppState; platform: FakePlatform }> {
  history.replaceState(null, "", "#/sources");
  const platform = new FakePlatform(scenario);
  const app = new AppState(platform);
  render(App, { app });
  await app.start();
  await screen.findAllByTestId("ledger-row");
  return { app, platform };
}

const rowOf = (id: string): HTMLElement => {
  const found = screen.getAllByTestId("ledger-row").find((row) => row.dataset["source"] === id);
  if (found === undefined) throw new Error(`no row of ${id}`);
  return found;
};

it("a_folder_is_watched_by_a_switch_and_says_how_it_is_doing", async () => {
  const { app, platform } = await open("full");
  const call = vi.spyOn(platform, "call");
  const toggle = rowOf("src-notes").querySelector<HTMLInputElement>("[role=switch]");
  expect(toggle?.checked).toBe(false);
  toggle?.click();
  await expect.poll(() => rowOf("src-notes").querySelector<HTMLElement>("[data-testid=watch-state]")?.dataset["state"]).toBe("watched");
  expect(call).toHaveBeenCalledWith("source_watch", { id: "src-notes", on: true });
  expect(commandsOf(app).find(({ id }) => id === "watch-src-notes")?.title).toBe("Stop watching Notes");
  expect(rowOf("src-written").querySelector("[role=switch]"), "notes lie in no folder").toBeNull();
});

it("a_folder_that_is_gone_is_said_plainly", async () => {
  await open("gone");
  const state = rowOf("src-notes").querySelector("[data-testid=watch-state]")?.textContent ?? "";
  expect(state).toContain("Not there since");
  expect(state).toContain("What is remembered stays");
});

it("what_a_damage_took_something_of_is_not_called_up_to_date", async () => {
  const { app } = await open("full");
  const rows = app.ledger.sources ?? [];
  app.ledger.sources = rows.map((row) => (row.id === "src-notes" ? { ...row, lost: true, in_step: false } : row));
  await expect.poll(() => rowOf("src-notes").textContent).toContain(t.sources.lost);
  expect(rowOf("src-notes").textContent).not.toContain(t.sources.inStep);
});

it("files_that_are_gone_are_counted", async () => {
  await open("watched");
  expect(rowOf("src-notes").textContent).toContain("3 files are no longer there.");
});

it("a_source_is_renamed_in_its_place_and_the_old_name_is_one_step_away", async () => {
  const { app } = await open("full");
  rowOf("src-notes").querySelector<HTMLElement>("[data-testid=source-rename]")?.click();
  const field = (await screen.findByTestId("source-name")) as HTMLInputElement;
  field.value = "House";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.form?.requestSubmit();
  await expect.poll(() => rowOf("src-notes").querySelector("h3")?.textContent).toContain("House");
  app.toasts.undo();
  await expect.poll(() => rowOf("src-notes").querySelector("h3")?.textContent).toContain("Notes");
});

it("escape_keeps_the_name_as_it_was", async () => {
  const { platform } = await open("full");
  const call = vi.spyOn(platform, "call");
  rowOf("src-notes").querySelector<HTMLElement>("[data-testid=source-rename]")?.click();
  const field = await screen.findByTestId("source-name");
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
  await expect.poll(() => screen.queryByTestId("source-name")).toBeNull();
  expect(call).not.toHaveBeenCalledWith("source_rename", expect.anything());
});

it("the_samples_go_without_asking_and_come_back", async () => {
  const { app, platform } = await open("samples");
  await expect.poll(() => screen.getByTestId("samples-removal").textContent).toContain("11 documents, 39 passages and 3 summaries");
  expect(screen.getByTestId("samples-removal").textContent, "what others hold stays").toContain("1 document that another source holds too stays there.");
  const ids = (): string[] => commandsOf(app).map(({ id }) => id);
  expect(ids()).toContain("remove-samples");
  const call = vi.spyOn(platform, "call");
  screen.getByTestId("samples-remove").click();
  await expect.poll(() => screen.queryByTestId("samples-remove")).toBeNull();
  expect(ids(), "what is gone can be tried again").toContain("samples");
  expect(app.toasts.undoable).toBe(true);
  app.toasts.undo();
  await expect.poll(() => screen.queryByTestId("samples-remove")).not.toBeNull();
  expect(call).toHaveBeenCalledWith("samples_start", { paths: ["/usr/lib/oldgrowth/samples"] });
  expect(location.hash, "nobody is led away for that").toBe("#/sources");
});

it("what_was_not_read_is_one_click_away_with_its_reasons", async () => {
  await open("full");
  rowOf("src-notes").querySelector<HTMLElement>("[data-testid=source-unread]")?.click();
  await screen.findByTestId("unread-dialog");
  await expect.poll(() => screen.queryAllByTestId("unread-item").length).toBe(4);
  const choice = screen.getByTestId("unread-reason") as HTMLSelectElement;
  choice.value = "not_allowed";
  choice.dispatchEvent(new Event("change", { bubbles: true }));
  await expect.poll(() => screen.queryAllByTestId("unread-item").length).toBe(1);
  expect(screen.getByTestId("unread-item").textContent).toContain("Change its permissions");
});

it("many_sources_come_a_page_at_a_time_and_can_be_filtered", async () => {
  const { app } = await open("many");
  expect(screen.getAllByTestId("ledger-row")).toHaveLength(50);
  screen.getByTestId("more-sources").click();
  await expect.poll(() => screen.getAllByTestId("ledger-row").length).toBe(100);
  app.sources.filter = "folder 300";
  await expect.poll(() => screen.getAllByTestId("ledger-row").length).toBe(1);
  app.sources.filter = "volcano";
  await expect.poll(() => screen.queryAllByTestId("ledger-row").length).toBe(0);
});

it("few_sources_need_no_filter", async () => {
  await open("full");
  expect(screen.queryByTestId("source-filter")).toBeNull();
});

it("imports_by_watching_stand_apart_from_those_somebody_asked_for", async () => {
  await open("watched");
  const apart = await screen.findByTestId("by-themselves");
  expect(apart.querySelectorAll("[data-testid=batch-row]")).toHaveLength(7);
  expect(screen.getAllByTestId("batch-row").filter((row) => !apart.contains(row))).toHaveLength(2);
});

it("what_can_t_be_done_stands_beside_its_source", async () => {
  const { app, platform } = await open("full");
  vi.spyOn(platform, "call").mockRejectedValue(unavailable);
  await app.sources.readAgain("src-notes");
  await expect.poll(() => rowOf("src-notes").textContent).toContain("The store can't be read");
});

it("a_plan_says_how_far_the_look_has_come_and_is_called_off_when_dismissed", async () => {
  const platform = handPlatform();
  const imports = new Imports(platform, () => {});
  void imports.propose(["/home/ada"]);
  imports.foundSoFar(1200);
  expect(imports.proposal?.found).toBe(1200);
  imports.dismiss();
  expect(platform.next("import_plan_cancel").params).toEqual({});
  platform.next("import_plan").fail({ code: "cancelled", message: "called off", hint: null });
  await settle();
  expect(imports.proposal, "nobody is told of what they called off").toBeNull();
});

it("a_report_can_be_searched_and_filtered", async () => {
  const { app } = await open("full");
  app.router.go({ place: "import", batch: "imp-2" });
  const search = (await screen.findByTestId("report-search")) as HTMLInputElement;
  search.value = "roof";
  search.dispatchEvent(new Event("input", { bubbles: true }));
  await expect.poll(() => screen.getAllByTestId("batch-item").length).toBe(1);
  search.value = "";
  search.dispatchEvent(new Event("input", { bubbles: true }));
  const outcome = screen.getByTestId("report-outcome") as HTMLSelectElement;
  outcome.value = "skipped";
  outcome.dispatchEvent(new Event("change", { bubbles: true }));
  await expect.poll(() => screen.getAllByTestId("batch-item").map((item) => item.dataset["outcome"])).toEqual(["skipped", "skipped"]);
});

it("conversations_are_counted_as_conversations", () => {
  expect(countedOf(batchOf({ total: 3, conversations: 3 }), 3)).toBe("3 conversations");
  expect(countedOf(batchOf({ total: 3, conversations: 1 }), 2)).toBe("2 items");
  expect(countedOf(batchOf({ total: 1 }), 1)).toBe("1 file");
  const format = (name: string, conversations: boolean, items: number) => ({ name, conversations, items });
  const formats = [format("ChatGPT conversations", true, 300), format("Claude conversations", true, 12), format("Markdown", false, 4)];
  const plan = { items: 316, conversations: 312, bytes: 1, formats, oldest: null, newest: null, skipped: [], skipped_examples: [], known: null };
  expect(contentsOf(plan)).toBe("312 conversations, 4 files");
});

it("the_way_from_a_refused_note_to_the_doctor_closes_the_dialog_and_keeps_the_draft", async () => {
  const { app, platform } = await open("full");
  app.note.text = "The boiler man comes on Friday.";
  app.note.open = true;
  const { code, message, hint } = unavailable;
  vi.spyOn(platform, "call").mockRejectedValue({ code, message, hint });
  (await screen.findByTestId("note-save")).click();
  const lead = await screen.findByRole("link", { name: "Open the Doctor" });
  vi.restoreAllMocks();
  lead.click();
  await expect.poll(() => screen.queryByTestId("note-dialog")).toBeNull();
  expect(location.hash).toBe("#/doctor");
  expect(app.note.text).toBe("The boiler man comes on Friday.");
});

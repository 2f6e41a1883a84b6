import { render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { batchOf, handPlatform, settle, unavailable } from "../../testing/platform";
import type { ImportPlan } from "../../wire/ImportPlan";
import { Imports } from "./imports.svelte";
import { NoteDraft } from "./note.svelte";
import PlanDialog from "./PlanDialog.svelte";
import { reportText } from "./report";

const plan = (items: number): ImportPlan => ({
  items,
  conversations: 0,
  bytes: 10,
  formats: [{ name: "Markdown", conversations: false, items }],
  oldest: null,
  newest: null,
  skipped: [{ reason: "empty", message: "empty", hint: "Nothing is lost.", items: 2 }],
  skipped_examples: [],
  known: null,
});

it("the_plan_is_shown_before_anything_starts", async () => {
  const platform = handPlatform(["/home/ada/notes"]);
  const started = vi.fn();
  const imports = new Imports(platform, started);
  render(PlanDialog, { imports });
  void imports.pick("folder");
  await settle();
  expect(screen.getByTestId("plan-start")).toHaveProperty("disabled", true);
  platform.next("import_plan").answer(plan(3));
  await settle();
  expect(screen.getByTestId("plan-dialog").textContent).toContain("3 files");
  expect(screen.getByTestId("plan-dialog").textContent, "what is passed over comes with its reason").toContain("Nothing is lost.");
  expect(document.activeElement, "Enter starts what the plan shows").toBe(screen.getByTestId("plan-start"));
  expect(platform.pending, "nothing has been started").toHaveLength(0);
  screen.getByTestId("plan-start").click();
  await settle();
  expect(platform.pending[0]?.params).toEqual({ paths: ["/home/ada/notes"], tags: [] });
  platform.next("import_start").answer(batchOf());
  await settle();
  expect(started).toHaveBeenCalledOnce();
  expect(imports.proposal).toBeNull();
});

it("tags_are_written_with_commas_between_and_are_for_one_import", async () => {
  const platform = handPlatform();
  const imports = new Imports(platform, () => {});
  render(PlanDialog, { imports });
  void imports.propose(["/a"]);
  await settle();
  expect(screen.queryByTestId("plan-tags"), "there may be nothing to tag").toBeNull();
  platform.next("import_plan").answer(plan(1));
  await settle();
  const field = screen.getByTestId<HTMLInputElement>("plan-tags");
  field.value = " my garden,, #Küche ,";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  await settle();
  const call = platform.next("import_start");
  expect(call.params).toEqual({ paths: ["/a"], tags: [" my garden", " #Küche "] });
  call.fail({ code: "usage", message: "“my garden” can't be a tag", hint: null });
  await settle();
  expect(screen.getByTestId<HTMLInputElement>("plan-tags").value, "what was written stays").toBe(" my garden,, #Küche ,");
  void imports.propose(["/b"]);
  platform.next("import_plan").answer(plan(1));
  await settle();
  expect(screen.getByTestId<HTMLInputElement>("plan-tags").value).toBe("");
  void imports.propose(["/samples"], true);
  platform.next("import_plan").answer(plan(1));
  await settle();
  expect(screen.queryByTestId("plan-tags"), "the sample memories have none").toBeNull();
});

it("a_cancelled_dialog_of_the_system_proposes_nothing", async () => {
  const imports = new Imports(handPlatform([]), () => {});
  await imports.pick("files");
  expect(imports.proposal).toBeNull();
});

it("a_plan_that_comes_after_a_newer_one_is_ignored", async () => {
  const platform = handPlatform();
  const imports = new Imports(platform, () => {});
  void imports.propose(["/a"]);
  void imports.propose(["/b"]);
  const [a, b] = [platform.next("import_plan"), platform.next("import_plan")];
  b.answer(plan(2));
  await settle();
  a.answer(plan(1));
  await settle();
  expect([imports.proposal?.paths, imports.proposal?.plan?.items]).toEqual([["/b"], 2]);
});

it("a_dismissed_plan_does_not_come_back", async () => {
  const platform = handPlatform();
  const imports = new Imports(platform, () => {});
  void imports.propose(["/a"]);
  imports.dismiss();
  platform.next("import_plan").answer(plan(1));
  await settle();
  expect(imports.proposal).toBeNull();
});

it("a_start_that_fails_keeps_the_plan_and_says_why", async () => {
  const platform = handPlatform();
  const imports = new Imports(platform, () => {});
  void imports.propose(["/a"]);
  platform.next("import_plan").answer(plan(1));
  await settle();
  void imports.start();
  platform.next("import_start").fail(unavailable);
  await settle();
  expect([imports.proposal?.plan?.items, imports.proposal?.error?.code, imports.proposal?.starting]).toEqual([1, "unavailable", false]);
});

it("an_answer_that_is_older_than_an_event_is_ignored", async () => {
  const platform = handPlatform();
  const imports = new Imports(platform, () => {});
  void imports.load();
  imports.apply(batchOf({ ended: 50 }));
  platform.next("batches").answer([batchOf({ ended: 10 }), batchOf({ id: "b0", created_at: "2026-11-19T08:00:00Z" })]);
  await settle();
  expect(imports.batches?.map(({ id, ended }) => [id, ended])).toEqual([
    ["b1", 50],
    ["b0", 0],
  ]);
});

it("the_rate_is_said_after_some_seconds_of_watching", () => {
  let now = 0;
  const imports = new Imports(handPlatform(), () => {}, () => now);
  imports.apply(batchOf());
  now = 1000;
  imports.apply(batchOf({ ended: 30, bytes_ended: 300 }));
  expect(imports.rate("b1"), "one second is no rate").toBeNull();
  now = 4000;
  imports.apply(batchOf({ ended: 40, bytes_ended: 400 }));
  expect(imports.rate("b1")).toEqual({ itemsPerSecond: 10, bytesPerSecond: 100 });
  imports.apply(batchOf({ state: "done", ended: 100 }));
  expect(imports.rate("b1")).toBeNull();
});

it("a_report_as_text_names_reasons_and_hides_the_home_folder", () => {
  const text = reportText({
    batch: batchOf({ state: "failed", failed: 1 }),
    reasons: [{ reason: "permission", message: "may not be opened", hint: "Change permissions.", items: 1 }],
    items: [{ path: "/home/ada/diary.md", outcome: "failed", message: "may not be opened", document: null }],
    items_left_out: 4,
    items_pruned: 0,
    no_longer_there: null,
  });
  expect(text).toContain("1 file: may not be opened. Change permissions.");
  expect(text).toContain("~/diary.md");
  expect(text).toContain("and 4 files more");
  expect(text).not.toContain("/home/ada");
});

it("a_note_that_could_not_be_kept_keeps_its_draft", async () => {
  const platform = handPlatform();
  const kept = vi.fn();
  const note = new NoteDraft(platform, kept);
  Object.assign(note, { open: true, title: "Owl", day: "2024-05-03", text: "Nine years." });
  void note.save();
  platform.next("note_add").fail(unavailable);
  await settle();
  expect([note.open, note.title, note.day, note.text, note.error?.code]).toEqual([true, "Owl", "2024-05-03", "Nine years.", "unavailable"]);
  void note.save();
  const call = platform.next("note_add");
  expect(call.params).toEqual({ title: "Owl", text: "Nine years.", happened_at: "2024-05-03T00:00:00Z" });
  call.answer({ document: "d", chunks: 1, new: true });
  await settle();
  expect([note.open, note.text, kept.mock.calls.length]).toEqual([false, "", 1]);
});

it("an_old_refusal_is_not_shown_to_who_writes_again", async () => {
  const platform = handPlatform();
  const note = new NoteDraft(platform, () => {});
  note.text = "Owl";
  void note.save();
  platform.next("note_add").fail({ ...unavailable, code: "disk_full" });
  await settle();
  note.open = false;
  note.write();
  expect([note.open, note.error, note.text]).toEqual([true, null, "Owl"]);
});

it("a_note_whose_day_can_t_be_read_is_not_kept_without_it", () => {
  const platform = handPlatform();
  const note = new NoteDraft(platform, () => {});
  Object.assign(note, { text: "Owl", day: "2024-13-01" });
  void note.save();
  expect([platform.pending.length, note.error?.code, note.day]).toEqual([0, "usage", "2024-13-01"]);
});

it("a_note_is_kept_once_however_often_it_is_sent", () => {
  const platform = handPlatform();
  const note = new NoteDraft(platform, () => {});
  note.text = "Owl";
  void note.save();
  void note.save();
  expect(platform.pending).toHaveLength(1);
});

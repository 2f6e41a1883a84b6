import { afterEach, expect, it, vi } from "vitest";
import { handPlatform, settle, unavailable } from "../testing/platform";
import type { FixPlan } from "../wire/FixPlan";
import type { FixReceipt } from "../wire/FixReceipt";
import { canUndo, Fixes, type FixEnd } from "./fixes.svelte";

afterEach(() => void vi.useRealTimers());

const planOf = (id: string, part: Partial<FixPlan> = {}): FixPlan => ({
  id,
  code: "rebuild_index",
  risk: "low",
  summary: "Makes the word index anew from 612 passages.",
  steps: ["Reads 612 passages"],
  about_ms: 1000,
  backup_first: false,
  undo: true,
  nothing_to_do: false,
  ...part,
});

const receiptOf = (part: Partial<FixReceipt> = {}): FixReceipt => ({
  id: "r1",
  code: "rebuild_index",
  at: "2026-11-20T08:00:00Z",
  summary: "Done.",
  done: [],
  undo_until: "2026-11-27T08:00:00Z",
  undone_at: null,
  outcome: "done",
  folder: null,
  ...part,
});

const step = { code: "rebuild_index", doing: "Reading", done: 3, total: 612 } as const;

function make(): { platform: ReturnType<typeof handPlatform>; fixes: Fixes; ends: FixEnd[] } {
  const platform = handPlatform();
  const ends: FixEnd[] = [];
  return { platform, ends, fixes: new Fixes(platform, (end) => ends.push(end)) };
}

async function begun(): Promise<ReturnType<typeof make>> {
  const made = make();
  const planned = made.fixes.propose("rebuild_index");
  made.platform.next("fix_plan").answer(planOf("p1"));
  await planned;
  void made.fixes.confirm();
  return made;
}

it("nothing_is_done_before_its_plan_was_agreed_to", async () => {
  const { platform, fixes } = make();
  const planned = fixes.propose("rebuild_index");
  expect([fixes.shown, fixes.current?.stage.at]).toEqual([true, "planning"]);
  await fixes.confirm();
  platform.next("fix_plan").answer(planOf("p1"));
  await planned;
  expect([fixes.current?.stage.at, platform.pending.length]).toEqual(["planned", 0]);
  void fixes.confirm();
  expect(platform.next("fix_apply").params, "that plan and no other").toEqual({ code: "rebuild_index", plan: "p1" });
});

it("an_empty_plan_can_not_be_carried_out", async () => {
  const { platform, fixes } = make();
  const planned = fixes.propose("rebuild_index");
  platform.next("fix_plan").answer(planOf("p1", { nothing_to_do: true }));
  await planned;
  await fixes.confirm();
  expect([fixes.current?.stage.at, platform.pending.length]).toEqual(["planned", 0]);
});

it("a_plan_that_comes_after_the_dialog_was_closed_opens_nothing", async () => {
  const { platform, fixes } = make();
  const planned = fixes.propose("rebuild_index");
  fixes.dismiss();
  platform.next("fix_plan").answer(planOf("p1"));
  await planned;
  expect([fixes.shown, fixes.current]).toEqual([false, null]);
});

it("a_plan_that_is_out_of_date_is_made_again_and_shown", async () => {
  const { platform, fixes, ends } = await begun();
  platform.next("fix_apply").fail({ code: "busy", message: "things have changed", hint: null });
  await settle();
  platform.next("fix_plan").answer(planOf("p2", { summary: "Makes the word index anew from 615 passages." }));
  await settle();
  expect(fixes.current?.stage).toMatchObject({ at: "planned", anew: true, plan: { id: "p2" } });
  expect(ends, "nothing has ended").toEqual([]);
  void fixes.confirm();
  expect(platform.next("fix_apply").params).toEqual({ code: "rebuild_index", plan: "p2" });
});

it("a_plan_that_says_the_same_was_refused_for_another_reason", async () => {
  const { platform, fixes } = await begun();
  platform.next("fix_apply").fail({ code: "needs_person", message: "the disk is full", hint: null });
  await settle();
  platform.next("fix_plan").answer(planOf("p2"));
  await settle();
  expect(fixes.current?.stage).toMatchObject({ at: "failed", plan: { id: "p2" }, error: { message: "the disk is full" } });
});

it("what_is_under_way_goes_on_when_the_dialog_is_closed_and_its_answer_is_kept", async () => {
  const { platform, fixes, ends } = await begun();
  fixes.apply(step);
  fixes.dismiss();
  expect([fixes.shown, fixes.underWay]).toEqual([false, true]);
  expect(fixes.current?.stage).toMatchObject({ at: "applying", progress: step });
  fixes.show();
  expect(fixes.shown).toBe(true);
  fixes.dismiss();
  platform.next("fix_apply").answer(receiptOf());
  await settle();
  expect([fixes.current, fixes.receipts?.map(({ id }) => id)]).toEqual([null, ["r1"]]);
  expect(ends).toMatchObject([{ what: "done", receipt: { id: "r1" } }]);
});

it("asking_for_another_fix_shows_the_one_under_way", async () => {
  const { platform, fixes } = await begun();
  fixes.dismiss();
  await fixes.propose("back_up_now");
  expect([fixes.shown, fixes.current?.code, platform.pending.map(({ method }) => method)]).toEqual([true, "rebuild_index", ["fix_apply"]]);
});

it("a_fix_is_stopped_and_that_is_no_failure", async () => {
  const { platform, fixes, ends } = await begun();
  const stop = fixes.cancel();
  expect(fixes.current?.stage).toMatchObject({ at: "applying", stopping: true });
  platform.next("fix_cancel").answer({});
  platform.next("fix_apply").fail({ code: "cancelled", message: "stopped", hint: null });
  await stop;
  await settle();
  expect([fixes.current?.stage.at, ends]).toEqual(["stopped", [{ what: "stopped", code: "rebuild_index" }]]);
});

it("a_fix_that_ended_before_it_could_be_stopped_has_its_receipt", async () => {
  const { platform, fixes } = await begun();
  void fixes.cancel();
  platform.next("fix_apply").answer(receiptOf());
  platform.next("fix_cancel").fail(unavailable);
  await settle();
  expect(fixes.current?.stage).toMatchObject({ at: "done", receipt: { id: "r1" } });
});

it("a_failure_that_nobody_saw_stays_to_be_looked_at", async () => {
  const { platform, fixes, ends } = await begun();
  fixes.dismiss();
  platform.next("fix_apply").fail(unavailable);
  await settle();
  expect(fixes.current?.stage).toMatchObject({ at: "failed", error: unavailable });
  expect(ends).toEqual([{ what: "failed", code: "rebuild_index" }]);
  fixes.dismiss();
  expect(fixes.current).toBeNull();
});

it("a_step_told_after_the_end_is_not_taken_for_another_fix", async () => {
  const { platform, fixes } = await begun();
  platform.next("fix_apply").answer(receiptOf());
  await settle();
  fixes.apply(step);
  expect([fixes.elsewhere, fixes.busy]).toEqual([null, false]);
});

it("a_fix_that_another_program_carries_out_is_seen_until_it_falls_silent", async () => {
  vi.useFakeTimers();
  const { platform, fixes } = make();
  fixes.apply(step);
  expect([fixes.elsewhere?.code, fixes.busy]).toEqual(["rebuild_index", true]);
  await vi.advanceTimersByTimeAsync(4000);
  fixes.apply({ ...step, done: 9 });
  await vi.advanceTimersByTimeAsync(4000);
  expect(fixes.elsewhere?.done, "it still speaks").toBe(9);
  await vi.advanceTimersByTimeAsync(2000);
  expect(fixes.elsewhere).toBeNull();
  expect(platform.next("receipts"), "what it has done is asked for").toBeTruthy();
});

it("undoing_marks_the_receipt_wherever_it_is_shown", async () => {
  const { platform, fixes, ends } = await begun();
  platform.next("fix_apply").answer(receiptOf());
  await settle();
  const undone = fixes.undo(receiptOf());
  expect([fixes.undoing, fixes.busy]).toEqual(["r1", true]);
  platform.next("fix_undo").answer(receiptOf({ undo_until: null, undone_at: "2026-11-20T09:00:00Z" }));
  await undone;
  expect(fixes.receipts?.[0]?.undone_at).toBe("2026-11-20T09:00:00Z");
  expect(fixes.current?.stage).toMatchObject({ at: "done", receipt: { undone_at: "2026-11-20T09:00:00Z" } });
  expect(ends.map(({ what }) => what)).toEqual(["done", "undone"]);
});

it("undoing_that_was_refused_says_why_at_its_receipt", async () => {
  const { platform, fixes } = make();
  const undone = fixes.undo(receiptOf());
  platform.next("fix_undo").fail(unavailable);
  await undone;
  expect([fixes.undoing, fixes.undoRefused]).toEqual([null, { id: "r1", error: unavailable }]);
});

it("an_undoing_with_consequences_is_asked_about_first", async () => {
  const { platform, fixes } = make();
  await fixes.undo(receiptOf({ code: "restore_backup" }), false);
  expect([fixes.asked?.id, fixes.dialogOpen, platform.pending.length]).toEqual(["r1", true, 0]);
  void fixes.undo(receiptOf({ code: "restore_backup" }));
  expect([fixes.asked, platform.next("fix_undo").params]).toEqual([null, { id: "r1" }]);
});

it("receipts_read_before_a_fix_ended_do_not_take_it_away", async () => {
  const { platform, fixes } = await begun();
  const loaded = fixes.load();
  platform.next("fix_apply").answer(receiptOf());
  await settle();
  platform.next("receipts").answer([]);
  await loaded;
  expect(fixes.receipts?.map(({ id }) => id)).toEqual(["r1"]);
});

it("a_receipt_can_be_undone_until_its_time_is_over", () => {
  const until = Date.parse("2026-11-27T08:00:00Z");
  expect([canUndo(receiptOf(), until - 1), canUndo(receiptOf(), until)]).toEqual([true, false]);
  expect(canUndo(receiptOf({ undo_until: null }), 0)).toBe(false);
});

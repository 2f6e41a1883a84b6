import { render, screen, within } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { Fixes } from "../../state/fixes.svelte";
import { Health } from "../../state/health.svelte";
import { ReportState } from "../../state/report.svelte";
import { t } from "../../strings";
import { componentOf, handPlatform, settle, statusOf, unavailable } from "../../testing/platform";
import type { FixPlan } from "../../wire/FixPlan";
import type { FixReceipt } from "../../wire/FixReceipt";
import FixDialog from "./FixDialog.svelte";
import FixStrip from "./FixStrip.svelte";
import ReceiptDialog from "./ReceiptDialog.svelte";
import Receipts from "./Receipts.svelte";
import ReportDialog from "./ReportDialog.svelte";

const planOf = (part: Partial<FixPlan> = {}): FixPlan => ({
  id: "p1",
  code: "set_aside_orphans",
  risk: "data",
  summary: "Sets 4 rows aside.",
  steps: ["Makes a backup", "Takes 4 rows out"],
  about_ms: 40_000,
  backup_first: true,
  undo: true,
  nothing_to_do: false,
  ...part,
});

const receiptOf = (part: Partial<FixReceipt> = {}): FixReceipt => ({
  id: "r1",
  code: "set_aside_orphans",
  at: "2026-11-20T08:00:00Z",
  summary: "4 rows were set aside.",
  done: ["4 rows set aside"],
  undo_until: "2999-01-01T00:00:00Z",
  undone_at: null,
  outcome: "done",
  folder: null,
  ...part,
});

async function planned(plan: FixPlan) {
  const platform = handPlatform();
  const fixes = new Fixes(platform, () => {});
  const health = new Health(platform);
  render(FixDialog, { fixes, health, open: vi.fn() });
  render(FixStrip, { fixes });
  void fixes.propose(plan.code);
  platform.next("fix_plan").answer(plan);
  await settle();
  return { platform, fixes, health, dialog: await screen.findByTestId("fix-dialog") };
}

it("a_plan_says_what_it_does_what_it_costs_and_whether_it_can_be_undone", async () => {
  const { dialog } = await planned(planOf());
  expect(screen.getAllByTestId("plan-step").map(({ textContent }) => textContent)).toEqual(["Makes a backup", "Takes 4 rows out"]);
  for (const word of ["about 40 s", t.doctor.fix.backupFirst, t.doctor.fix.undoCan, t.doctor.fix.risks.data]) expect(dialog.textContent).toContain(word);
});

it("what_takes_the_memorys_place_says_what_becomes_of_it", async () => {
  for (const code of ["restore_backup", "start_fresh"] as const) {
    const { fixes } = await planned(planOf({ code }));
    expect((await screen.findAllByTestId("plan-keeps")).at(-1)?.textContent).toContain(t.doctor.fix.keeps[code]);
    fixes.dismiss();
    await settle();
  }
});

it("with_nothing_to_do_there_is_nothing_to_press_but_close", async () => {
  await planned(planOf({ nothing_to_do: true, steps: [] }));
  expect(screen.getByTestId("nothing-to-do").textContent).toContain(t.doctor.fix.nothing);
  expect([screen.queryByTestId("fix-apply"), screen.getByTestId("fix-close").textContent]).toEqual([null, t.close]);
});

it("a_copy_that_is_asked_for_and_not_there_is_told_as_what_it_is", async () => {
  const { dialog } = await planned(planOf({ code: "restore_backup", summary: "The backup is damaged. There is no other.", nothing_to_do: true, undo: false, steps: [] }));
  expect(screen.getByTestId("cannot-do").textContent).toContain(t.doctor.fix.cannot);
  expect(dialog.textContent).toContain("There is no other.");
  expect([screen.queryByTestId("nothing-to-do"), screen.queryByTestId("fix-again"), screen.queryByTestId("fix-apply")]).toEqual([null, null, null]);
});

it("a_fix_closed_while_it_works_stays_in_sight_on_the_page", async () => {
  const { platform, fixes } = await planned(planOf());
  screen.getByTestId("fix-apply").click();
  await settle();
  fixes.apply({ code: "set_aside_orphans", doing: "Setting rows aside", done: 2, total: 4 });
  (await screen.findByTestId("fix-hide")).click();
  await expect.poll(() => screen.queryByTestId("fix-dialog")).toBeNull();
  const strip = screen.getByTestId("fix-strip");
  expect(strip.textContent).toContain("Setting rows aside");
  expect(strip.querySelector("progress")?.value).toBe(2);
  platform.next("fix_apply").fail(unavailable);
  await settle();
  expect(screen.getByTestId("fix-strip").textContent, "nor is a failure lost").toContain(t.doctor.fix.didNot(t.doctor.fixes.set_aside_orphans));
  screen.getByTestId("fix-show").click();
  const dialog = await screen.findByTestId("fix-dialog");
  expect(dialog.textContent).toContain("The store can't be read");
  expect(dialog.textContent).toContain(t.doctor.fix.untouched);
  expect(within(dialog).getByTestId("fix-apply").textContent).toBe(t.tryAgain);
});

it("a_fix_says_what_it_has_come_to_and_not_only_that_it_ended", async () => {
  for (const outcome of ["done", "in_part", "still_unwell", "unknown"] as const) {
    const { platform, fixes, dialog } = await planned(planOf());
    within(dialog).getByTestId("fix-apply").click();
    platform.next("fix_apply").answer(receiptOf({ outcome }));
    expect((await within(dialog).findByTestId("fix-outcome")).textContent).toBe(t.doctor.fix.outcomes[outcome]);
    fixes.dismiss();
    document.body.replaceChildren();
  }
});

it("only_what_was_refused_is_said_to_have_changed_nothing", async () => {
  const { platform, dialog } = await planned(planOf());
  within(dialog).getByTestId("fix-apply").click();
  platform.next("fix_apply").fail({ code: "internal", message: "something broke", hint: null });
  await settle();
  expect(dialog.textContent).toContain(t.doctor.fix.unsure);
  expect(dialog.textContent).not.toContain(t.doctor.fix.untouched);
});

it("past_fixes_can_be_undone_while_that_is_possible", async () => {
  const platform = handPlatform();
  const fixes = new Fixes(platform, () => {});
  fixes.receipts = [receiptOf({ code: "stop_watching" }), receiptOf({ id: "r2", undo_until: null }), receiptOf({ id: "r3", undone_at: "2026-11-20T09:00:00Z" })];
  render(Receipts, { fixes, now: Date.parse("2026-11-21T08:00:00Z") });
  expect(screen.getAllByTestId("receipt-row")).toHaveLength(3);
  const buttons = screen.getAllByTestId("undo-fix");
  expect(buttons).toHaveLength(1);
  buttons[0]?.click();
  await settle();
  expect(platform.next("fix_undo").params).toEqual({ id: "r1" });
});

it("undoing_a_restore_is_asked_about_with_its_consequence", async () => {
  const platform = handPlatform();
  const fixes = new Fixes(platform, () => {});
  fixes.receipts = [receiptOf({ code: "restore_backup" })];
  render(ReceiptDialog, { fixes, open: vi.fn() });
  await fixes.view("r1");
  (await screen.findByTestId("undo-fix")).click();
  const asked = await screen.findByTestId("undo-dialog");
  expect(asked.textContent).toContain(t.doctor.receipts.ask.restore_backup);
  expect(platform.pending).toHaveLength(0);
  screen.getByTestId("undo-confirm").click();
  platform.next("fix_undo").answer(receiptOf({ code: "restore_backup", undo_until: null, undone_at: "2026-11-20T09:00:00Z" }));
  expect((await screen.findByTestId("receipt-undone")).textContent).toContain("Undone");
});

it("a_report_that_can_not_be_copied_is_ready_to_be_copied_by_hand", async () => {
  Object.defineProperty(navigator, "clipboard", { value: { writeText: vi.fn(async () => Promise.reject(new Error("no"))) }, configurable: true });
  document.execCommand = () => false;
  const platform = handPlatform();
  const report = new ReportState(platform);
  const said: string[] = [];
  render(ReportDialog, { report, announce: (text: string) => said.push(text) });
  void report.show();
  platform.next("report").answer({ id: "OG-1", text: "All well.", json: "{}" });
  await screen.findByText("All well.");
  screen.getByTestId("report-copy").click();
  await expect.poll(() => screen.queryByRole("alert")?.textContent).toContain(t.doctor.handOn.copyFailed);
  expect([said, getSelection()?.toString().trim()]).toEqual([[], "All well."]);
  expect(screen.getByTestId("report-id").textContent).toBe("OG-1");
});

it("a_copy_that_was_laid_out_is_opened_from_its_receipt", async () => {
  const fixes = new Fixes(handPlatform(), () => {});
  fixes.receipts = [receiptOf({ code: "open_copy", undo_until: null, folder: "/home/ada/oldgrowth-copy-1" }), receiptOf({ id: "r2" })];
  const open = vi.fn();
  render(ReceiptDialog, { fixes, open });
  await fixes.view("r1");
  (await screen.findByTestId("receipt-open")).click();
  expect(open).toHaveBeenCalledExactlyOnceWith("/home/ada/oldgrowth-copy-1");
  expect(screen.getByTestId("receipt-copy").textContent, "with the way back").toContain(t.place.move);
  const fixed = render(ReceiptDialog, { fixes, open: null });
  expect(fixed.getAllByTestId("receipt-copy").at(-1)?.textContent, "its folder was named at the start").toBe(t.doctor.receipts.copyFixed);
  fixed.unmount();
  await fixes.view("r2");
  await settle();
  expect(screen.queryByTestId("receipt-open")).toBeNull();
});

it("a_copy_that_could_not_be_made_leads_to_what_is_named_first_now", async () => {
  const { platform, fixes, health } = await planned(planOf({ code: "open_copy", risk: "none", backup_first: false, undo: false }));
  health.apply({ ...statusOf(1, "fail"), components: [componentOf({ state: "fail", fixes: ["try_again", "start_fresh", "open_copy"] })] });
  void fixes.confirm();
  platform.next("fix_apply").answer(receiptOf({ code: "open_copy", outcome: "still_unwell", summary: "Nothing could be read of what is there.", undo_until: null }));
  await settle();
  expect(screen.queryByTestId("receipt-open"), "there is nothing to open").toBeNull();
  const other = screen.getByTestId("fix-other");
  expect(other.textContent).toContain(t.doctor.fixes.start_fresh);
  other.click();
  expect(platform.next("fix_plan").params).toEqual({ code: "start_fresh" });
});

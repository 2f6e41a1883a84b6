import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import App from "../../App.svelte";
import { AppState } from "../../app.svelte";
import { FakePlatform, type Scenario } from "../../platform/fake";
import { recallHome } from "../../shared/route";
import { ModelsState } from "../../state/models.svelte";
import { NetworkState } from "../../state/network.svelte";
import { ReportsState } from "../../state/reports.svelte";
import { handPlatform, settle, unavailable } from "../../testing/platform";
import type { HeldCrashReport } from "../../wire/HeldCrashReport";
import type { CrashReports } from "../../wire/CrashReports";
import Privacy from "./Privacy.svelte";
import CrashReportDialog from "./CrashReportDialog.svelte";

beforeEach(() => {
  history.replaceState(null, "", "#/recall");
  localStorage.clear();
});

async function open(scenario: Scenario): Promise<AppState> {
  const app = new AppState(new FakePlatform(scenario));
  render(App, { app });
  await app.start();
  await expect.poll(() => app.reports.reports).not.toBeNull();
  return app;
}

const heldOf = (id: string, part: Partial<HeldCrashReport> = {}): HeldCrashReport => ({
  id,
  at: "2026-11-20T08:00:00Z",
  class: "panic",
  place: "engine/src/jobs/mod.rs:12",
  asked: true,
  refused: null,
  envelope: `{"event_id":"${id}"}\n{"type":"event","length":2}\n{"event_id":"${id}","platform":"native"}\n`,
  ...part,
});

const reportsOf = (part: Partial<CrashReports> = {}): CrashReports => ({
  consent: "no",
  asked: true,
  host: "reports.example",
  held: [],
  offline: false,
  last_sent_at: null,
  next_try_at: null,
  folder: "/home/ada/reports",
  example: '{"event_id":"0"}\n{"type":"event","length":2}\n{"event_id":"0"}\n',
  ...part,
});

async function shown(reports: CrashReports): Promise<{ platform: ReturnType<typeof handPlatform>; state: ReportsState; done: ReturnType<typeof vi.fn> }> {
  const platform = handPlatform();
  const done = vi.fn();
  const state = new ReportsState(platform, done);
  render(Privacy, { network: new NetworkState(platform), models: new ModelsState(platform), reports: state });
  render(CrashReportDialog, { reports: state });
  const loading = state.load();
  platform.next("crash_reports").answer(reports);
  await loading;
  await settle();
  return { platform, state, done };
}

it("the_question_comes_after_something_was_of_use_and_never_again_after_a_no", async () => {
  const app = await open("ask");
  await settle();
  expect(screen.queryByTestId("report-ask"), "nothing was of use yet").toBeNull();
  app.router.go({ ...recallHome, question: "How old is the big beech?" });
  const ask = await screen.findByTestId("report-ask");
  expect(ask.dataset["about"]).toBe("value");
  await expect.poll(() => app.reports.reports?.asked).toBe(true);
  await fireEvent.click(within(ask).getByTestId("ask-see"));
  expect((await screen.findByTestId("report-text")).textContent).toContain('"event_id"');
  await fireEvent.click(screen.getByTestId("report-close"));
  await fireEvent.click(screen.getByTestId("ask-no"));
  await expect.poll(() => app.reports.reports?.consent).toBe("no");
  expect(screen.queryByTestId("report-ask")).toBeNull();
  app.router.go({ place: "memory", id: "doc-list" });
  await settle();
  expect(screen.queryByTestId("report-ask"), "a no is remembered").toBeNull();
});

it("nobody_is_asked_during_the_introduction", async () => {
  history.replaceState(null, "", "#/welcome");
  const app = await open("crashed");
  await settle();
  expect(app.reports.reports?.held).toHaveLength(1);
  expect(screen.queryByTestId("report-ask")).toBeNull();
});

it("a_failure_is_asked_about_by_itself_and_one_can_be_sent_without_a_yes_to_others", async () => {
  const app = await open("crashed");
  const ask = await screen.findByTestId("report-ask");
  expect(ask.dataset["about"]).toBe("crash");
  await fireEvent.click(within(ask).getByTestId("ask-one"));
  await expect.poll(() => app.reports.reports?.held).toEqual([]);
  expect(app.reports.reports?.consent).toBe("unasked");
  expect(screen.queryByTestId("report-ask")).toBeNull();
});

it("where_no_report_could_be_sent_nobody_is_asked_and_the_settings_say_so", async () => {
  const app = await open("unaddressed");
  app.router.go({ place: "memory", id: "doc-list" });
  await settle();
  expect(screen.queryByTestId("report-ask")).toBeNull();
  app.router.go({ place: "settings", section: "privacy" });
  expect(await screen.findAllByTestId("held-report")).toHaveLength(2);
  expect(screen.getByTestId("send-reports")).toHaveProperty("disabled", true);
  expect(screen.queryByTestId("report-send")).toBeNull();
  expect(screen.getByTestId("what-leaves").textContent).toBe("Nothing leaves this computer.");
  expect(document.querySelector("#settings-privacy")?.textContent).toContain("knows no address");
});

it("a_report_is_shown_exactly_and_can_be_sent_or_deleted", async () => {
  const { platform, state, done } = await shown(reportsOf({ held: [heldOf("a"), heldOf("b", { refused: 400 })] }));
  const [first, second] = screen.getAllByTestId("held-report");
  expect(first?.textContent).toContain("engine/src/jobs/mod.rs:12");
  expect(first?.textContent).toContain("waits for you");
  expect(second?.textContent).toContain("not wanted by the server (400)");
  await fireEvent.click(screen.getAllByTestId("report-see")[0] as HTMLElement);
  const text = (await screen.findByTestId("report-text")).textContent ?? "";
  const lines = text.split("\n\n").map((line) => JSON.parse(line) as unknown);
  expect(lines, "all of it, and nothing else").toEqual([{ event_id: "a" }, { type: "event", length: 2 }, { event_id: "a", platform: "native" }]);
  state.seen = null;

  await fireEvent.click(screen.getAllByTestId("report-send")[0] as HTMLElement);
  const sending = platform.next("crash_report_send");
  expect(sending.params).toEqual({ id: "a" });
  sending.answer(reportsOf({ held: [heldOf("b")], last_sent_at: "2026-11-20T09:00:00Z" }));
  await expect.poll(() => done.mock.calls).toEqual([["sent"]]);
  expect(screen.getByTestId("last-sent").textContent).toContain("Last sent");
  await fireEvent.click(screen.getByTestId("report-delete"));
  platform.next("crash_report_delete").answer(reportsOf());
  expect((await screen.findByTestId("no-reports")).textContent).toBe("No report is held.");
});

it("what_could_not_be_sent_says_why_and_is_held_still", async () => {
  const { platform, done } = await shown(reportsOf({ held: [heldOf("a")] }));
  await fireEvent.click(screen.getByTestId("report-send"));
  platform.next("crash_report_send").fail(unavailable);
  await settle();
  platform.next("crash_reports").answer(reportsOf({ held: [heldOf("a")] }));
  expect((await screen.findByRole("alert")).textContent).toContain("The store can't be read");
  expect(screen.getAllByTestId("held-report")).toHaveLength(1);
  expect(done).not.toHaveBeenCalled();
});

it("a_choice_that_can_not_be_kept_is_not_shown_as_kept", async () => {
  const { platform } = await shown(reportsOf());
  const box = screen.getByTestId("send-reports") as HTMLInputElement;
  await fireEvent.click(box);
  platform.next("crash_reports_consent").fail(unavailable);
  await expect.poll(() => box.checked).toBe(false);
  await fireEvent.click(box);
  platform.next("crash_reports_consent").answer(reportsOf({ consent: "yes" }));
  await expect.poll(() => screen.getByTestId("what-leaves").textContent).toContain("reports.example");
  expect(box.checked).toBe(true);
});

it("all_are_deleted_only_after_a_yes", async () => {
  const { platform, state } = await shown(reportsOf({ held: [heldOf("a"), heldOf("b")] }));
  await fireEvent.click(screen.getByTestId("reports-delete-all"));
  expect((await screen.findByTestId("reports-delete-dialog")).textContent).toContain("2 reports are deleted for good");
  expect(platform.pending).toEqual([]);
  await fireEvent.click(screen.getByTestId("reports-delete-confirm"));
  platform.next("crash_reports_delete_all").answer(reportsOf());
  await expect.poll(() => state.reports?.held).toEqual([]);
});

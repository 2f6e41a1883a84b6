import { expect, it } from "vitest";
import { handPlatform } from "../testing/platform";
import { ReportState } from "./report.svelte";

const reportOf = (text: string) => ({ id: "7QF3", text, json: `{"is":"${text}"}` });

it("a_report_is_without_names_each_time_it_is_opened", async () => {
  const platform = handPlatform();
  const report = new ReportState(platform);
  const shown = report.show();
  const first = platform.next("report");
  expect(first.params).toEqual({ names: false });
  first.answer(reportOf("without"));
  await shown;
  const named = report.setNames(true);
  expect(report.content, "what was shown says less than what was chosen").toBe("");
  platform.next("report").answer(reportOf("with"));
  await named;
  expect(report.content).toBe("with");
  report.dismiss();
  void report.show();
  expect(platform.next("report").params).toEqual({ names: false });
});

it("names_that_come_after_they_were_taken_out_again_are_not_shown", async () => {
  const platform = handPlatform();
  const report = new ReportState(platform);
  void report.show();
  platform.next("report").answer(reportOf("first"));
  const named = report.setNames(true);
  const without = report.setNames(false);
  const late = platform.next("report");
  platform.next("report").answer(reportOf("without"));
  await without;
  late.answer(reportOf("with"));
  await named;
  expect(report.content).toBe("without");
});

it("what_is_shown_is_what_is_copied", async () => {
  const platform = handPlatform();
  const report = new ReportState(platform);
  const shown = report.show();
  platform.next("report").answer(reportOf("it"));
  await shown;
  expect(report.content).toBe("it");
  report.form = "json";
  expect(JSON.parse(report.content)).toEqual({ is: "it" });
});

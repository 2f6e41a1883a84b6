import { render, screen } from "@testing-library/svelte";
import { expect, it } from "vitest";
import { Health } from "../../state/health.svelte";
import { handPlatform, settle, statusOf } from "../../testing/platform";
import Doctor from "./Doctor.svelte";
import { healthReport } from "./report";

it("a_report_holds_words_and_json_and_no_home_folder", () => {
  const report = healthReport(statusOf(3, "fail"));
  expect(report).toContain("Memory store: Problem");
  expect(report).toContain('"seq": 3');
  expect(report).toContain("~/memory");
  expect(report).not.toContain("/home/ada");
});

it("a_store_that_fails_can_be_tried_now", async () => {
  const platform = handPlatform();
  const health = new Health(platform);
  health.apply(statusOf(1, "fail"));
  render(Doctor, { health });
  expect(screen.getByTestId("component-row").dataset).toMatchObject({ code: "store", state: "fail" });
  screen.getByTestId("try-now").click();
  platform.next("store_try_now").answer(statusOf(2));
  await settle();
  expect(screen.getByTestId("doctor-headline").textContent).toBe("status 2");
  expect(screen.queryByTestId("try-now"), "there is nothing to try when the store is well").toBeNull();
});

it("a_state_is_told_by_a_word_and_not_by_colour_alone", () => {
  const health = new Health(handPlatform());
  health.apply(statusOf(1));
  render(Doctor, { health });
  expect(screen.getByTestId("component-row").textContent).toContain("Well");
});

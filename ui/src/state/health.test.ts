import { expect, it } from "vitest";
import { handPlatform, settle, statusOf, unavailable } from "../testing/platform";
import { Health } from "./health.svelte";

it("an_older_status_is_ignored", async () => {
  const platform = handPlatform();
  const health = new Health(platform);
  void health.load();
  health.apply(statusOf(7, "fail"));
  platform.next("status").answer(statusOf(5));
  await settle();
  expect(health.status?.seq, "the event came after the answer was made").toBe(7);
  expect(health.storeFails).toBe(true);
});

it("a_newer_status_replaces_an_older_one", () => {
  const health = new Health(handPlatform());
  health.apply(statusOf(1, "fail"));
  health.apply(statusOf(2));
  expect([health.status?.seq, health.storeFails]).toEqual([2, false]);
});

it("a_check_that_fails_leaves_the_last_status_on_the_page", async () => {
  const platform = handPlatform();
  const health = new Health(platform);
  health.apply(statusOf(1));
  const checked = health.check();
  expect(health.busy).toBe("check");
  platform.next("doctor").fail(unavailable);
  await checked;
  expect([health.status?.seq, health.error?.code, health.busy]).toEqual([1, "unavailable", null]);
});

it("what_fails_comes_before_what_warns", () => {
  const health = new Health(handPlatform());
  const base = statusOf(1);
  const row = base.components[0];
  if (row === undefined) throw new Error("the status has a row");
  health.apply({ ...base, components: [{ ...row, code: "jobs", state: "warn" }, row, { ...row, code: "space", state: "fail" }] });
  expect(health.needsAttention.map(({ code }) => code)).toEqual(["space", "jobs"]);
});

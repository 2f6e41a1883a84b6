import { expect, it, vi } from "vitest";
import { componentOf, handPlatform, settle, statusOf, unavailable } from "../testing/platform";
import type { Component } from "../wire/Component";
import type { Status } from "../wire/Status";
import { Health } from "./health.svelte";

const withRows = (seq: number, rows: Partial<Component>[]): Status => ({ ...statusOf(seq), components: rows.map(componentOf) });

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

it("a_memory_that_can_only_be_read_is_asked_on", () => {
  const health = new Health(handPlatform());
  const store = { code: "store", state: "fail" } as const;
  health.apply(withRows(1, [store, { code: "coverage" }]));
  expect([health.storeFails, health.canRead], "the disk is read-only").toEqual([true, true]);
  health.apply(withRows(2, [store, { code: "coverage", state: "unknown", waits_for: "store" }]));
  expect(health.canRead, "what is read waits for it").toBe(false);
});

it("checks_that_can_not_be_run_leave_the_last_status_on_the_page", async () => {
  const platform = handPlatform();
  const health = new Health(platform);
  health.apply(statusOf(1));
  const ran = health.run();
  expect([health.running, health.runningAll]).toEqual([true, true]);
  platform.next("checks_run").fail(unavailable);
  await ran;
  expect([health.status?.seq, health.refused?.code, health.running]).toEqual([1, "unavailable", false]);
});

it("all_checks_are_counted_as_each_of_them_ends", async () => {
  const platform = handPlatform();
  const ended = vi.fn();
  const health = new Health(platform, ended);
  const rows = (times: (string | null)[], running: number): Partial<Component>[] =>
    (["store", "space", "jobs"] as const).map((code, index) => ({ code, checked_at: times[index] ?? null, running: index === running }));
  health.apply(withRows(1, rows(["a", "a", null], -1)));
  const ran = health.run();
  void health.run();
  const call = platform.next("checks_run");
  expect(call.params, "none named is all of them").toEqual({ codes: [] });
  expect(platform.pending, "what runs is not asked for twice").toHaveLength(0);
  expect(health.progress).toEqual({ done: 0, of: 3 });
  health.apply(withRows(2, rows(["b", "a", null], 1)));
  expect(health.progress).toEqual({ done: 1, of: 3 });
  expect([health.isRunning("space"), health.isRunning("jobs")]).toEqual([true, false]);
  call.answer(withRows(3, rows(["b", "b", "b"], -1)));
  await ran;
  expect([health.progress, ended.mock.lastCall]).toEqual([null, ["ran"]]);
});

it("one_check_runs_while_others_can_be_asked_for", async () => {
  const platform = handPlatform();
  const health = new Health(platform);
  health.apply(withRows(1, [{ code: "store" }, { code: "integrity" }]));
  const long = health.run(["integrity"]);
  const short = health.run(["store"]);
  expect([health.isRunning("integrity"), health.isRunning("store"), health.runningAll]).toEqual([true, true, false]);
  void health.run(["integrity"]);
  expect(platform.pending).toHaveLength(2);
  const first = platform.next("checks_run");
  platform.next("checks_run").answer(withRows(2, [{ code: "store" }, { code: "integrity" }]));
  await short;
  expect([health.isRunning("integrity"), health.isRunning("store")]).toEqual([true, false]);
  first.answer(withRows(3, [{ code: "store" }, { code: "integrity" }]));
  await long;
  expect(health.running).toBe(false);
});

it("checks_are_stopped_and_that_is_no_failure", async () => {
  const platform = handPlatform();
  const ended = vi.fn();
  const health = new Health(platform, ended);
  health.apply(statusOf(1));
  const ran = health.run();
  const stopped = health.stop();
  void health.stop();
  platform.next("checks_cancel").answer({});
  expect(platform.pending.filter(({ method }) => method === "checks_cancel"), "asked once").toHaveLength(0);
  platform.next("checks_run").fail({ code: "cancelled", message: "stopped", hint: null });
  await Promise.all([ran, stopped]);
  expect([health.refused, health.running, health.stopping, ended.mock.calls]).toEqual([null, false, false, [["stopped"]]]);
});

it("what_fails_comes_before_what_warns_and_a_broken_check_last", () => {
  const health = new Health(handPlatform());
  health.apply(withRows(1, [{ code: "orphans", state: "crashed" }, { code: "jobs", state: "warn" }, { code: "sqlite" }, { code: "space", state: "fail" }]));
  expect(health.findings.map(({ row }) => row.code)).toEqual(["space", "jobs", "orphans"]);
});

it("a_store_that_fails_comes_first_with_all_that_waits_for_it", () => {
  const health = new Health(handPlatform());
  health.apply(
    withRows(1, [
      { code: "space", state: "fail" },
      { code: "store", state: "fail" },
      { code: "coverage", state: "unknown", waits_for: "store" },
      { code: "round_trip", state: "warn", waits_for: "coverage" },
      { code: "clock" },
    ]),
  );
  expect(health.findings.map(({ row, waiting }) => [row.code, waiting.map(({ code }) => code)]), "also what waits for what waits").toEqual([
    ["store", ["coverage", "round_trip"]],
    ["space", []],
  ]);
});

it("what_waits_for_something_well_or_for_itself_is_not_hidden", () => {
  const health = new Health(handPlatform());
  health.apply(
    withRows(1, [
      { code: "store" },
      { code: "jobs", state: "warn", waits_for: "store" },
      { code: "tree", state: "warn", waits_for: "faithful" },
      { code: "faithful", state: "warn", waits_for: "tree" },
    ]),
  );
  expect(health.findings.map(({ row }) => row.code)).toEqual(["jobs", "tree", "faithful"]);
});

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Refresher } from "../../state/refresher";
import { batchOf, handPlatform, unavailable } from "../../testing/platform";
import type { Activity } from "../../wire/Activity";
import type { Work } from "../../wire/Work";
import { ActivityState } from "./activity.svelte";
import { headline, moodOf } from "./headline";

const at = "2026-11-20T08:00:00Z";
const now = Date.parse(at);

const workOf = (part: Partial<NonNullable<Work["counts"]>> = {}, paused: Work["paused"] = null): Work => ({
  paused,
  counts: { running: 0, waiting: 0, put_off: 0, failed: 0, ...part },
});

const activityOf = (part: Partial<Activity> = {}): Activity => ({
  work: workOf(),
  running: [],
  waiting: [],
  put_off: [],
  failed: [],
  imports: [],
  copy: null,
  names_to_come: false,
  meaning_to_come: null,
  at,
  ...part,
});

const itemOf = (id: string) => ({ id, kind: "summary", path: null, source: "Notes", batch: null, attempts: 1, attempts_max: 5, reason: null }) as const;

it("an_event_is_newer_than_the_answer_that_was_on_its_way", async () => {
  const platform = handPlatform();
  const activity = new ActivityState(platform, () => {});
  const loading = activity.load();
  activity.apply(workOf({ waiting: 7 }));
  platform.next("activity").answer(activityOf({ work: workOf({ waiting: 9 }) }));
  await loading;
  expect(activity.open).toBe(7);
});

it("pausing_is_said_when_it_is_done_and_a_refusal_stays_on_the_page", async () => {
  const platform = handPlatform();
  const said: string[] = [];
  const activity = new ActivityState(platform, (text) => said.push(text));
  const pausing = activity.pause();
  await activity.resume();
  expect(platform.pending.map(({ method }) => method), "one thing at a time").toEqual(["work_pause"]);
  platform.next("work_pause").answer(workOf({}, { since: at, by: "person" }));
  await pausing;
  expect(activity.paused).toBe(true);
  expect(said).toEqual(["The work is paused."]);
  const resuming = activity.resume();
  platform.next("work_resume").fail(unavailable);
  await resuming;
  expect(activity.refused?.code).toBe("unavailable");
  expect(activity.paused, "it is as it was").toBe(true);
  expect(activity.busy).toBe(null);
});

it("what_retrying_has_changed_is_told", async () => {
  const platform = handPlatform();
  const said: string[] = [];
  const activity = new ActivityState(platform, (text) => said.push(text));
  const listing = activity.toggle("not_allowed");
  platform.next("jobs_failed").answer([{ item: itemOf("1"), at }]);
  await listing;
  expect(activity.lists.get("not_allowed")?.rows).toHaveLength(1);
  const retrying = activity.retry("not_allowed");
  const call = platform.next("jobs_retry");
  expect(call.params).toEqual({ reason: "not_allowed", id: null });
  call.answer({ queued: 12 });
  await vi.advanceTimersByTimeAsync(0);
  platform.next("activity").answer(activityOf());
  await retrying;
  expect(said).toEqual(["12 queued again."]);
  expect(activity.lists.has("not_allowed"), "what is listed has not failed any more").toBe(false);
});

it("a_long_list_is_read_page_by_page_and_names_each_once", async () => {
  const platform = handPlatform();
  const activity = new ActivityState(platform, () => {});
  const first = activity.more("r");
  platform.next("jobs_failed").answer([{ item: itemOf("3"), at }, { item: itemOf("2"), at }]);
  await first;
  const second = activity.more("r");
  const call = platform.next("jobs_failed");
  expect(call.params).toMatchObject({ reason: "r", offset: 2 });
  // One more has failed meanwhile, and has moved the others on.
  call.answer([{ item: itemOf("2"), at }, { item: itemOf("1"), at }]);
  await second;
  expect(activity.lists.get("r")?.rows.map(({ item }) => item.id)).toEqual(["3", "2", "1"]);
});

it("events_make_the_place_read_itself_only_while_it_is_open", async () => {
  const platform = handPlatform();
  const activity = new ActivityState(platform, () => {});
  activity.apply(workOf({ waiting: 1 }));
  expect(platform.pending).toEqual([]);
  const leave = activity.watch();
  expect(platform.pending.map(({ method }) => method)).toEqual(["activity"]);
  leave();
});

it("the_headline_says_the_one_thing_that_matters", () => {
  const batch = batchOf({ ended: 3, total: 412, eta_seconds: 120 });
  const ended = batchOf({ state: "done", ended_at: at });
  const waiting = [{ kind: "summary", count: 1, put_off: 1 }] as const;
  const cases: [Partial<Activity>, string, string][] = [
    [{}, "Nothing to do yet.", "idle"],
    [{ imports: [ended] }, "Nothing to do. Last import Nov 20, 2026.", "idle"],
    [{ imports: [batch] }, "Reading 3 of 412 files, about 2 min to go.", "working"],
    [{ imports: [{ ...batch, eta_seconds: null }] }, "Reading 3 of 412 files.", "working"],
    [{ waiting: [...waiting], put_off: [{ item: itemOf("1"), until: "2026-11-20T08:00:40Z" }] }, "Waiting to try again in 40 s.", "waiting"],
    [{ waiting: [{ kind: "summary", count: 3, put_off: 0 }] }, "Making summaries, 3 to go.", "working"],
    [{ copy: { work: "backup", done: 0, of: 0 } }, "Making a backup.", "working"],
    [{ imports: [batch], waiting: [...waiting], work: workOf({}, { since: at, by: "person" }) }, "Paused. 1 piece of work waits.", "paused"],
    [
      { work: workOf({ failed: 2 }), failed: [{ reason: "r", message: "m", items: 2, summaries: 0, newest_at: at, newest: [] }] },
      "Nothing to do. 2 pieces of work failed.",
      "failed",
    ],
  ];
  for (const [part, text, mood] of cases) {
    const all = activityOf(part);
    expect(headline(all, now)).toBe(text);
    expect(moodOf(all), text).toBe(mood);
  }
});

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

async function pass(ms: number, each: () => void = () => {}): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    each();
    await vi.advanceTimersByTimeAsync(10);
  }
}

it("a_view_is_read_at_most_four_times_a_second_and_the_last_news_always", async () => {
  let reads = 0;
  const refresher = new Refresher(async () => void (reads += 1), () => Date.now(), () => false);
  await pass(990, () => refresher.want());
  expect(reads).toBe(4);
  await pass(1000);
  expect(reads, "what came after the last reading, once").toBe(5);
});

it("what_nobody_can_see_is_not_read_and_then_once", async () => {
  let reads = 0;
  let hidden = true;
  const refresher = new Refresher(async () => void (reads += 1), () => Date.now(), () => hidden);
  await pass(1000, () => refresher.want());
  expect(reads).toBe(0);
  hidden = false;
  refresher.shown();
  await pass(1000);
  expect(reads).toBe(1);
});

it("what_is_left_out_is_told_and_what_was_read_already_too", async () => {
  const platform = handPlatform();
  const said: string[] = [];
  const activity = new ActivityState(platform, (text) => said.push(text));
  for (const cancelled of [true, false]) {
    const leaving = activity.leaveOut(itemOf("7"), "diary.md");
    const call = platform.next("job_cancel");
    expect(call.params).toEqual({ id: "7" });
    call.answer({ cancelled });
    await vi.advanceTimersByTimeAsync(0);
    platform.next("activity").answer(activityOf({}));
    await leaving;
  }
  expect(said).toEqual(["diary.md is left out.", "diary.md had come to its end already."]);
  const refused = activity.leaveOut(itemOf("8"), "other.md");
  platform.next("job_cancel").fail(unavailable);
  await refused;
  expect(activity.refused?.code).toBe("unavailable");
});

it("looking_for_names_is_work_that_comes_after_all_other", () => {
  const naming = activityOf({ names_to_come: true });
  expect([moodOf(naming), headline(naming, now)]).toEqual(["working", "Looking for names in what was read."]);
  const also = activityOf({ names_to_come: true, imports: [batchOf({ total: 9, ended: 3 })] });
  expect(headline(also, now)).toContain("Reading 3 of 9");
  const paused = activityOf({ names_to_come: true, work: workOf({}, { since: at, by: "person" }) });
  expect(headline(paused, now)).toBe("Paused. Passages wait to be looked through for names.");
});

it("reading_for_meaning_comes_last_and_says_how_much_is_left", () => {
  const left = { passages: 1200, eta_seconds: 90, on_battery: false };
  const meaning = activityOf({ meaning_to_come: left });
  expect(moodOf(meaning)).toBe("working");
  expect(headline(meaning, now)).toMatch(/^Reading 1,200 passages for what they mean, about .+ to go\.$/);
  const also = activityOf({ meaning_to_come: left, names_to_come: true });
  expect(headline(also, now)).toBe("Looking for names in what was read.");
  const waits = activityOf({ meaning_to_come: { ...left, on_battery: true } });
  expect([moodOf(waits), headline(waits, now)]).toEqual(["waiting", "Passages are read for what they mean once this computer is plugged in."]);
});

import { expect, it } from "vitest";
import { localDay } from "../shared/day";
import { handPlatform, settle, unavailable } from "../testing/platform";
import type { Timeline } from "../wire/Timeline";
import { TimelineState } from "./timeline.svelte";

const pageOf = (first: number, last: number, more: boolean): Timeline => ({
  entries: Array.from({ length: first - last + 1 }, (_, index) => ({
    number: first - index,
    at: new Date(2026, 10, 20, 0, first - index).toISOString(),
    what: { kind: "ended_badly" },
  })),
  more,
  days: [],
});

const numbers = (timeline: TimelineState): number[] => (timeline.entries ?? []).map(({ number }) => number);

async function loaded(): Promise<{ platform: ReturnType<typeof handPlatform>; timeline: TimelineState }> {
  const platform = handPlatform();
  const timeline = new TimelineState(platform);
  const read = timeline.load();
  platform.next("timeline").answer(pageOf(9, 6, true));
  await read;
  return { platform, timeline };
}

it("older_entries_follow_on", async () => {
  const { platform, timeline } = await loaded();
  const more = timeline.loadMore();
  void timeline.loadMore();
  const call = platform.next("timeline");
  expect([call.params, platform.pending.length]).toEqual([{ before: 6, limit: 50 }, 0]);
  call.answer(pageOf(5, 3, false));
  await more;
  expect([numbers(timeline), timeline.more]).toEqual([[9, 8, 7, 6, 5, 4, 3], false]);
});

it("what_is_new_comes_first_and_what_was_read_stays", async () => {
  const { platform, timeline } = await loaded();
  const more = timeline.loadMore();
  platform.next("timeline").answer(pageOf(5, 3, false));
  await more;
  const read = timeline.load();
  platform.next("timeline").answer(pageOf(11, 8, true));
  await read;
  expect([numbers(timeline), timeline.more], "there are no older ones than these").toEqual([[11, 10, 9, 8, 7, 6, 5, 4, 3], false]);
});

it("entries_with_a_gap_between_them_are_not_joined", async () => {
  const { platform, timeline } = await loaded();
  const read = timeline.load();
  platform.next("timeline").answer(pageOf(90, 80, true));
  await read;
  expect([numbers(timeline).at(-1), timeline.more]).toEqual([80, true]);
});

it("what_could_not_be_read_leaves_what_was", async () => {
  const { platform, timeline } = await loaded();
  const more = timeline.loadMore();
  platform.next("timeline").fail(unavailable);
  await more;
  expect([numbers(timeline).length, timeline.error?.code, timeline.loadingMore]).toEqual([4, "unavailable", false]);
});

it("it_is_read_only_while_somebody_looks", async () => {
  const platform = handPlatform();
  const timeline = new TimelineState(platform);
  timeline.changed();
  expect(platform.pending).toHaveLength(0);
  const leave = timeline.watch();
  platform.next("timeline").answer(pageOf(2, 1, false));
  await settle();
  leave();
  timeline.changed();
  expect(platform.pending).toHaveLength(0);
});

it("entries_stand_under_their_day_of_the_persons_calendar", () => {
  const timeline = new TimelineState(handPlatform());
  const at = (day: number, hour: number): string => new Date(2026, 10, day, hour).toISOString();
  timeline.entries = [at(20, 9), at(20, 0), at(19, 23)].map((when, index) => ({ number: 3 - index, at: when, what: { kind: "ended_badly" } }));
  expect(timeline.byDay.map(({ day, entries }) => [day, entries.length])).toEqual([["2026-11-20", 2], ["2026-11-19", 1]]);
  expect(localDay(new Date(at(20, 0)))).toBe("2026-11-20");
});

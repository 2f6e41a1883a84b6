import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Announcer } from "./announcer.svelte";
import { Changes } from "./changes.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("many_changes_at_once_are_read_once", () => {
  const changes = new Changes(() => Date.now());
  for (let seq = 0; seq < 10; seq += 1) changes.heard(seq);
  vi.advanceTimersByTime(500);
  expect(changes.revision).toBe(1);
});

it("a_stream_without_a_pause_is_still_read_now_and_then", () => {
  const changes = new Changes(() => Date.now());
  for (let seq = 0; seq < 50; seq += 1) {
    changes.heard(seq);
    vi.advanceTimersByTime(100);
  }
  expect(changes.revision, "five seconds of news with at most two seconds between readings").toBeGreaterThanOrEqual(2);
});

it("an_older_change_is_no_news", () => {
  const changes = new Changes(() => Date.now());
  changes.heard(5);
  vi.advanceTimersByTime(500);
  changes.heard(4);
  vi.advanceTimersByTime(500);
  expect(changes.revision).toBe(1);
});

it("progress_is_said_now_and_then_but_an_end_at_once", () => {
  let now = 0;
  const announcer = new Announcer(() => now);
  announcer.mention("1 of 10");
  now = 1000;
  announcer.mention("2 of 10");
  expect(announcer.text).toBe("1 of 10");
  announcer.say("Done");
  expect(announcer.text).toBe("Done");
});

import { expect, it, vi } from "vitest";
import { Failures, framesOf } from "./failures";
import type { PageFailure } from "./platform";
import { handPlatform } from "./testing/platform";

const here = location.origin;

function errorOf(message: string, stack: string): Error {
  const error = new TypeError(message);
  error.stack = stack;
  return error;
}

it("only_frames_in_our_own_scripts_are_told_and_never_words", () => {
  const frames = [{ file: "assets/index-1a2b.js", line: 3, column: 44 }];
  const chromium = `TypeError: Anna\n    at read (${here}/assets/index-1a2b.js:3:44)\n    at async https://elsewhere.example/x.js:1:1`;
  expect(framesOf(errorOf("Anna", chromium))).toEqual(frames);
  expect(framesOf(errorOf("Anna", `read@${here}/assets/index-1a2b.js:3:44\n[native code]`))).toEqual(frames);
  const planted = `Anna\n    at x (${here}/assets/Anna.js:1:2)`;
  expect(framesOf(errorOf(planted, `TypeError: ${planted}\n    at read (${here}/assets/index-1a2b.js:3:44)`))).toEqual(frames);
  expect(framesOf(errorOf("", "x\n".repeat(1000)))).toEqual([]);
  expect(framesOf(errorOf("", `a@${here}/assets/a.js:1:1\n`.repeat(1000))).length).toBe(32);
});

it("errors_that_nobody_caught_are_told_a_bounded_number_of_times", () => {
  const platform = handPlatform();
  const told = vi.mocked(platform.pageFailed);
  new Failures(platform).listen();
  dispatchEvent(new ErrorEvent("error", { error: new RangeError("Anna"), message: "Anna" }));
  expect(told).toHaveBeenCalledTimes(1);
  const first = told.mock.calls[0]?.[0] as PageFailure;
  expect([first.kind, first.name]).toEqual(["error", "RangeError"]);
  expect(JSON.stringify(first)).not.toContain("Anna");

  const broken = Object.assign(new Event("unhandledrejection"), { reason: new TypeError("Anna") });
  dispatchEvent(broken);
  expect(told.mock.calls[1]?.[0].kind).toBe("rejection");
  dispatchEvent(Object.assign(new Event("unhandledrejection"), { reason: { code: "busy", message: "Anna", hint: null } }));
  expect(told).toHaveBeenCalledTimes(2);
  for (let time = 0; time < 100; time += 1) dispatchEvent(new ErrorEvent("error", { error: new Error("again") }));
  expect(told).toHaveBeenCalledTimes(20);
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Toasts } from "./toasts.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const texts = (toasts: Toasts): string[] => toasts.shown.map(({ text }) => text);

test("a toast is said, stays a while and goes", () => {
  const said: string[] = [];
  const toasts = new Toasts((text) => said.push(text));
  toasts.show("Renamed.");
  expect(said, "what is seen is heard").toEqual(["Renamed."]);
  vi.advanceTimersByTime(3900);
  expect(texts(toasts), "there is time to read it").toEqual(["Renamed."]);
  vi.advanceTimersByTime(200);
  expect(texts(toasts), "it takes no room for good").toEqual([]);
});

test("what can be undone stays longer, and is undone once", () => {
  const undone = vi.fn();
  const toasts = new Toasts(() => {});
  toasts.show("Removed.", { action: { label: "Undo", run: undone } });
  vi.advanceTimersByTime(9000);
  expect(toasts.undoable, "the way back is still open").toBe(true);
  toasts.undo();
  toasts.undo();
  expect(toasts.undoable, "and closed behind").toBe(false);
  expect(undone).toHaveBeenCalledOnce();
  expect(texts(toasts)).toEqual([]);
});

test("nothing goes away under the pointer", () => {
  const toasts = new Toasts(() => {});
  toasts.show("Removed.", { action: { label: "Undo", run: () => {} } });
  toasts.hold();
  vi.advanceTimersByTime(60_000);
  expect(texts(toasts), "a slow hand is no hurry of ours").toEqual(["Removed."]);
  toasts.release();
  vi.advanceTimersByTime(10_001);
  expect(texts(toasts)).toEqual([]);
});

test("only the last few are shown, and the same one once", () => {
  const toasts = new Toasts(() => {});
  for (const text of ["a", "b", "c", "d", "b"]) toasts.show(text);
  expect(texts(toasts)).toEqual(["c", "d", "b"]);
});

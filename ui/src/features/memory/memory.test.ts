import { render, screen } from "@testing-library/svelte";
import { expect, it } from "vitest";
import { handPlatform, settle } from "../../testing/platform";
import type { Shown } from "../../wire/Shown";
import Memory from "./Memory.svelte";
import { MemoryState, PASSAGES_AT_A_TIME } from "./memory.svelte";

const document = (passages: number, asked: string | null): Shown => ({
  kind: "document",
  id: "d",
  source: "s",
  source_name: "Notes",
  title: "Long",
  format: "Markdown",
  happened_at: null,
  happened_basis: "unknown",
  imported_at: "2026-11-18T09:12:40Z",
  sha256: "0",
  chunks: Array.from({ length: passages }, (_, index) => ({
    id: `c${index}`,
    text: `passage ${index}`,
    headings: ["Part"],
    author: null,
    locator: { path: "/home/ada/long.md", line_first: index * 3 + 1, line_last: index * 3 + 2 },
  })),
  asked,
  tree: [],
  replaced_by: null,
});

it("a_late_memory_does_not_replace_the_one_that_is_wanted", async () => {
  const platform = handPlatform();
  const memory = new MemoryState(platform);
  void memory.load("a");
  void memory.load("b");
  const [a, b] = [platform.next("show"), platform.next("show")];
  b.answer({ ...document(1, null), id: "b" });
  await settle();
  a.answer({ ...document(1, null), id: "a" });
  await settle();
  expect(memory.shown?.id).toBe("b");
});

it("a_long_document_opens_around_the_passage_that_was_asked_for", async () => {
  const platform = handPlatform();
  const memory = new MemoryState(platform);
  void memory.load("c500");
  platform.next("show").answer(document(1000, "c500"));
  await settle();
  expect(memory.visible).toHaveLength(PASSAGES_AT_A_TIME);
  expect(memory.visible.some(({ id }) => id === "c500")).toBe(true);
  memory.showEarlier();
  memory.showLater();
  expect(memory.visible).toHaveLength(3 * PASSAGES_AT_A_TIME);
});

it("the_asked_passage_is_set_out_and_an_unknown_date_is_said", async () => {
  const platform = handPlatform();
  render(Memory, { memory: new MemoryState(platform), id: "c1" });
  await settle();
  platform.next("show").answer(document(3, "c1"));
  await settle();
  expect(screen.getByTestId("asked-passage").textContent).toContain("passage 1");
  expect(screen.getByTestId("asked-passage").textContent).toContain("Lines 4 to 5");
  expect(screen.getByTestId("memory").textContent).toContain("Unknown");
  screen.getByTestId("open-original").click();
  await settle();
  expect(platform.openOriginal).toHaveBeenCalledWith("d");
});

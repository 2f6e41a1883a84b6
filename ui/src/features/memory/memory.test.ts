import { render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { handPlatform, settle, unavailable, type HandPlatform } from "../../testing/platform";
import type { Near } from "../../wire/Near";
import type { Original } from "../../wire/Original";
import type { Shown } from "../../wire/Shown";
import { FIND_MS } from "./find.svelte";
import Memory from "./Memory.svelte";
import { AGAIN_MAX, AGAIN_MS, MemoryState, PASSAGES_AT_A_TIME, PASSAGES_MAX } from "./memory.svelte";

const chunk = (index: number) => ({
  id: `c${index}`,
  text: `passage ${index}, and passage again`,
  headings: ["Part"],
  author: null,
  locator: { path: "/home/ada/long.md", line_first: index * 3 + 1, line_last: index * 3 + 2 },
});

/** A page of a document of so many passages. */
const document = (total: number, asked: string | null, first = 0, limit = PASSAGES_AT_A_TIME): Shown => ({
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
  path: "/home/ada/long.md",
  tags: ["garden", "Küche"],
  chunks: Array.from({ length: Math.min(limit, total - first) }, (_, index) => chunk(first + index)),
  first,
  total,
  asked,
  tree: [],
  replaced_by: null,
});

const nothingNear: Near = { before: null, after: null, newer: null, older: [], places: [], similar: [], similar_by: "no", names: [] };

/** Answers the call for a page with that page. */
function page(platform: HandPlatform, total: number, asked: string | null = null): unknown {
  const call = platform.next("show");
  const { from, limit } = call.params as { from: number | null; limit: number };
  call.answer(document(total, asked, from ?? 0, limit));
  return call.params;
}

async function opened(platform: HandPlatform, total: number, first: number, asked: string): Promise<MemoryState> {
  const memory = new MemoryState(platform);
  void memory.load(asked);
  platform.next("show").answer(document(total, asked, first));
  await settle();
  platform.next("near").answer(nothingNear);
  await settle();
  return memory;
}

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

it("a_long_document_grows_page_by_page_both_ways", async () => {
  const platform = handPlatform();
  const memory = await opened(platform, 1000, 470, "c500");
  expect([memory.chunks.length, memory.first, memory.later]).toEqual([60, 470, 470]);
  void memory.showEarlier();
  void memory.showLater();
  expect(platform.pending.length, "one page at a time").toBe(1);
  expect(page(platform, 1000)).toEqual({ id: "d", from: 410, limit: 60 });
  await settle();
  void memory.showLater();
  expect(page(platform, 1000)).toEqual({ id: "d", from: 530, limit: 60 });
  await settle();
  expect(memory.chunks.map(({ id }) => id)).toEqual(Array.from({ length: 180 }, (_, index) => `c${410 + index}`));
});

it("the_page_holds_no_more_than_it_may", async () => {
  const platform = handPlatform();
  const memory = await opened(platform, 2000, 0, "c0");
  for (let time = 0; time < 15; time += 1) {
    void memory.showLater();
    page(platform, 2000);
    await settle();
  }
  expect([memory.chunks.length, memory.first, memory.chunks[0]?.id]).toEqual([PASSAGES_MAX, 360, "c360"]);
  void memory.showEarlier();
  page(platform, 2000);
  await settle();
  expect([memory.chunks.length, memory.first, memory.later]).toEqual([PASSAGES_MAX, 300, 1100]);
});

it("a_page_that_fails_leaves_what_is_there_and_can_be_asked_for_again", async () => {
  const platform = handPlatform();
  const memory = await opened(platform, 200, 0, "c0");
  void memory.showLater();
  platform.next("show").fail(unavailable);
  await settle();
  expect([memory.chunks.length, memory.openError?.code, memory.reading]).toEqual([60, "unavailable", null]);
  void memory.showLater();
  page(platform, 200);
  await settle();
  expect(memory.chunks).toHaveLength(120);
});

it("a_page_of_another_memory_is_not_put_into_this_one", async () => {
  const platform = handPlatform();
  const memory = await opened(platform, 200, 0, "c0");
  void memory.showLater();
  const late = platform.next("show");
  void memory.load("other");
  platform.next("show").answer({ ...document(2, null), id: "other" });
  await settle();
  late.answer(document(200, null, 60));
  await settle();
  expect([memory.shown?.id, memory.chunks.length, memory.reading]).toEqual(["other", 2, null]);
});

it("news_of_the_memory_keep_the_passages_that_are_read", async () => {
  const platform = handPlatform();
  const memory = await opened(platform, 200, 100, "c120");
  void memory.load("c120");
  platform.next("show").answer({ ...document(200, "c120", 100, 1), replaced_by: "newer" });
  await settle();
  expect([memory.chunks.length, memory.first]).toEqual([60, 100]);
  expect(memory.shown?.kind === "document" && memory.shown.replaced_by).toBe("newer");
});

it("what_is_found_beyond_the_page_is_brought_onto_it", async () => {
  vi.useFakeTimers();
  const platform = handPlatform();
  const memory = new MemoryState(platform);
  void memory.load("d");
  platform.next("show").answer(document(1000, null));
  await vi.advanceTimersByTimeAsync(0);
  platform.next("near").answer(nothingNear);
  const { find } = memory;
  find.type("pass", 0);
  find.type("passage", 5);
  await vi.advanceTimersByTimeAsync(FIND_MS);
  const places = [{ start: 0, end: 7 }, { start: 15, end: 22 }];
  const call = platform.next("find_in_document");
  expect(call.params).toMatchObject({ id: "d", letters: "passage", asker: { turn: 1 } });
  call.answer({ passages: [{ chunk: "c3", ordinal: 3, places }, { chunk: "c900", ordinal: 900, places }], more: false });
  await vi.advanceTimersByTimeAsync(0);
  vi.useRealTimers();
  expect([find.places.length, find.current?.ordinal], "on from what was read").toEqual([4, 900]);
  const brought = memory.bring(900);
  expect(page(platform, 1000)).toEqual({ id: "d", from: 870, limit: 60 });
  expect(await brought).toBe(true);
  expect(memory.chunks[30]?.id).toBe("c900");
  find.step(1);
  find.step(1);
  expect([find.at, find.current?.ordinal], "after the last comes the first").toEqual([0, 3]);
  find.step(-1);
  expect(find.at).toBe(3);
});

it("an_overtaken_search_in_the_document_changes_nothing", async () => {
  vi.useFakeTimers();
  const platform = handPlatform();
  const { find } = new MemoryState(platform);
  find.type("oak", 0);
  await vi.advanceTimersByTimeAsync(FIND_MS);
  find.type("oaks", 0);
  await vi.advanceTimersByTimeAsync(FIND_MS);
  const [oak, oaks] = [platform.next("find_in_document"), platform.next("find_in_document")];
  oaks.answer({ passages: [], more: false });
  oak.fail({ code: "cancelled", message: "it was called off", hint: null });
  await vi.advanceTimersByTimeAsync(0);
  vi.useRealTimers();
  expect([find.found?.passages, find.error]).toEqual([[], null]);
});

it("the_original_is_looked_at_once_and_a_late_one_is_dropped", async () => {
  const platform = handPlatform();
  const memory = await opened(platform, 3, 0, "c1");
  void memory.lookAtOriginal("c1");
  const late = platform.next("original");
  memory.closeOriginal();
  expect(memory.dialogOpen).toBe(false);
  late.answer({ state: "same" });
  await settle();
  expect(memory.original).toBeNull();
  void memory.lookAtOriginal("c2");
  platform.next("original").fail(unavailable);
  await settle();
  expect([memory.dialogOpen, memory.originalError?.code]).toEqual([true, "unavailable"]);
});

it("the_tags_of_a_memory_lead_to_all_that_has_them", async () => {
  const platform = handPlatform();
  render(Memory, { memory: new MemoryState(platform), id: "c1" });
  await settle();
  platform.next("show").answer(document(3, "c1"));
  await settle();
  const links = [...screen.getByTestId("tags").querySelectorAll("a")];
  expect(links.map((link) => [link.textContent, link.getAttribute("href")])).toEqual([["garden", "#/recall?tag=garden"], ["Küche", "#/recall?tag=K%C3%BCche"]]);
});

it("whom_a_passage_names_and_what_is_similar_lead_there_and_what_is_not_known_yet_is_said", async () => {
  const platform = handPlatform();
  render(Memory, { memory: new MemoryState(platform), id: "c1" });
  await settle();
  platform.next("show").answer(document(3, "c1"));
  await settle();
  const call = platform.next("near");
  expect(call.params, "it is the passage that is asked about").toEqual({ id: "c1", asker: { name: expect.any(String), turn: 1 } });
  call.answer({
    ...nothingNear,
    names: [{ id: "en_1", kind: "person", name: "Ada", mentions: 2, documents: 1, first_at: null, last_at: null }],
    similar: [{ chunk: "c9", title: "Boats", happened_at: null, preview: "The boat…" }],
    similar_by: "yes",
  });
  await settle();
  const led = (testid: string) => [...screen.getByTestId(testid).querySelectorAll("a")].map((link) => [link.textContent, link.getAttribute("href")]);
  expect(led("names")).toEqual([["Ada", "#/people/en_1"]]);
  expect(led("similar")).toEqual([["Boats", "#/memory/c9"]]);
});

it("what_is_similar_is_not_known_yet_while_the_passage_is_to_be_looked_through", async () => {
  const platform = handPlatform();
  render(Memory, { memory: new MemoryState(platform), id: "c1" });
  await settle();
  platform.next("show").answer(document(3, "c1"));
  await settle();
  platform.next("near").answer({ ...nothingNear, similar_by: "to_come" });
  await settle();
  expect(screen.getByTestId("similar").textContent).toContain("Not known yet");
  expect(screen.queryByTestId("names")).toBeNull();
});

it("what_is_similar_is_asked_for_again_a_few_times_while_it_is_not_known_and_not_for_what_was_left", async () => {
  vi.useFakeTimers();
  const platform = handPlatform();
  const memory = new MemoryState(platform);
  const open = async (id: string): Promise<void> => {
    void memory.load(id);
    page(platform, 3, id);
    await vi.advanceTimersByTimeAsync(0);
  };
  const answered = async (similar_by: Near["similar_by"]): Promise<void> => {
    platform.next("near").answer({ ...nothingNear, similar_by });
    await vi.advanceTimersByTimeAsync(AGAIN_MS);
  };
  const nobodyAsks = (why: string): void => expect(() => platform.next("near"), why).toThrow();
  await open("c1");
  for (let asked = 0; asked <= AGAIN_MAX; asked += 1) await answered("to_come");
  nobodyAsks("not for ever");
  await open("c2");
  await answered("to_come");
  await answered("yes");
  nobodyAsks("it is known");
  await open("c3");
  platform.next("near").answer({ ...nothingNear, similar_by: "to_come" });
  await vi.advanceTimersByTimeAsync(0);
  void memory.load("c1");
  await vi.advanceTimersByTimeAsync(AGAIN_MS);
  nobodyAsks("it was left");
  vi.useRealTimers();
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

it("control_f_finds_in_the_document_and_escape_ends_it", async () => {
  const platform = handPlatform();
  render(Memory, { memory: new MemoryState(platform), id: "c1" });
  await settle();
  platform.next("show").answer(document(3, "c1"));
  await settle();
  const pressed = new KeyboardEvent("keydown", { key: "f", ctrlKey: true, bubbles: true, cancelable: true });
  window.dispatchEvent(pressed);
  expect(pressed.defaultPrevented).toBe(true);
  const box = (await screen.findByTestId("find-box")) as HTMLInputElement;
  expect(document_active()).toBe(box);
  box.value = "passage";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  await expect.poll(() => platform.pending.some(({ method }) => method === "find_in_document")).toBe(true);
  platform.next("find_in_document").answer({ passages: [{ chunk: "c1", ordinal: 1, places: [{ start: 0, end: 7 }, { start: 15, end: 22 }] }], more: false });
  await settle();
  expect(screen.getByTestId("find-count").textContent).toBe("1 of 2");
  expect([...screen.getByTestId("asked-passage").querySelectorAll("mark")].map(({ textContent }) => textContent)).toEqual(["passage", "passage"]);
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  await settle();
  expect(screen.getByTestId("find-count").textContent).toBe("2 of 2");
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
  await settle();
  expect(screen.queryByTestId("find")).toBeNull();
  expect(screen.getByTestId("asked-passage").querySelector("mark")).toBeNull();
});

const document_active = (): Element | null => globalThis.document.activeElement;

it("the_original_says_plainly_what_became_of_the_file", async () => {
  const platform = handPlatform();
  render(Memory, { memory: new MemoryState(platform), id: "c1" });
  await settle();
  platform.next("show").answer(document(3, "c1"));
  await settle();
  const look = async (original: Partial<Original>): Promise<string> => {
    screen.getByTestId("show-in-original").click();
    await settle();
    platform.next("original").answer({ state: "same", problem: null, hint: null, path: "/home/ada/long.md", unit: "line", parts: [], total: 9, link: null, ...original });
    return (await screen.findByTestId("original-state")).textContent;
  };
  expect(await look({ parts: [{ number: 4, text: "<b>as it stands</b>", is_cut: false, is_passage: true, author: null, at: null }] })).toContain("as it was when it was read");
  const dialog = screen.getByTestId("original");
  expect(dialog.querySelector("[data-passage]")?.textContent).toContain("<b>as it stands</b>");
  expect(dialog.querySelector("b"), "text only").toBeNull();
  expect(await look({ state: "gone", total: 0 })).toContain("import it again from its new place");
  expect(await look({ state: "unreadable", problem: "may not be read by this user", hint: "change its rights" })).toContain("Change its rights.");
  expect(await look({ state: "changed", unit: "message", link: "https://chatgpt.com/c/1" })).toContain("The export has changed");
  expect(screen.getByTestId("original").querySelector("a"), "a link is copied and never opened").toBeNull();
});

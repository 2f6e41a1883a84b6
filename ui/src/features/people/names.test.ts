import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import type { Route } from "../../shared/route";
import { t } from "../../strings";
import { handPlatform, settle, unavailable } from "../../testing/platform";
import type { Hit } from "../../wire/Hit";
import type { Name } from "../../wire/Name";
import type { NameRow } from "../../wire/NameRow";
import type { Names as Found } from "../../wire/Names";
import NamePage from "./NamePage.svelte";
import Names from "./Names.svelte";
import { NAMES_AT_A_TIME, NamesState } from "./names.svelte";

type Here = Extract<Route, { place: "people" }>;
const row = (id: string, part: Partial<NameRow> = {}): NameRow => ({
  id, kind: "person", name: `Name ${id}`, mentions: 12, documents: 5, first_at: "2023-01-09T19:20:11Z", last_at: null, ...part,
});
const found = (names: NameRow[], part: Partial<Found> = {}): Found => ({
  counts: [{ kind: "person", count: names.length }, { kind: "place", count: 2 }],
  total: names.length,
  names,
  left: { passages: 0, failed: 0 },
  ...part,
});
const hit = (chunk: string, text: string): Hit => ({
  chunk, document: "do_1", source: "so_1", title: "Letter", headings: [], author: null, locator: { path: null, line_first: 1, line_last: 1 },
  tags: [], happened_at: null, text, score: 0, matches: [{ start: 0, end: 5 }], quote: { start: 0, end: 5 }, same_elsewhere: 0,
});
const one = (passages: Hit[], total: number): Name => ({
  name: row("en_1", { name: "Marta" }),
  written_as: ["Marta", "MARTA"],
  sources: [{ id: "so_1", name: "Letters", documents: 5 }],
  beside: [{ name: row("en_2", { name: "Ödön" }), passages: 3 }],
  passages,
  passages_total: total,
  topic: null,
});

function list(route: Here = { place: "people" }) {
  const platform = handPlatform();
  const names = new NamesState(platform);
  const go = vi.fn<(to: Route, replace: boolean) => void>();
  const props = { names, route, go, revision: 0, paused: false };
  return { platform, names, go, props, ...render(Names, props) };
}

it("each_name_says_how_often_and_leads_to_its_passages", async () => {
  const { platform } = list();
  platform.next("names").answer(found([row("en_1", { name: "Marta & Ödön" }), row("en_2", { mentions: 1, documents: 1 })]));
  const rows = await screen.findAllByTestId("name-row");
  expect(rows[0]?.querySelector("a")?.getAttribute("href")).toBe("#/people/en_1");
  expect(rows[0]?.textContent).toContain("12 mentions in 5 documents");
  expect(rows[1]?.textContent).toContain("1 mention in 1 document");
  expect(screen.getByTestId("kind-person").getAttribute("aria-current")).toBe("page");
  expect(screen.getByTestId("kind-place").getAttribute("href")).toBe("#/people?kind=place");
  expect(screen.queryByTestId("kind-money"), "of what there is none there is no choice").toBeNull();
  expect(screen.queryByTestId("names-left")).toBeNull();
});

it("the_address_says_what_is_listed_and_typing_changes_it_without_filling_the_history", async () => {
  vi.useFakeTimers();
  try {
    const { platform, go } = list({ place: "people", kind: "place", part: "lis", page: 3 });
    const asked = platform.next("names");
    expect(asked.params).toEqual({ kind: "place", part: "lis", offset: 2 * NAMES_AT_A_TIME, limit: NAMES_AT_A_TIME });
    asked.answer(found([row("en_1", { kind: "place" })], { total: 500 }));
    await vi.runAllTimersAsync();
    const box = screen.getByTestId("names-filter");
    expect((box as HTMLInputElement).value).toBe("lis");
    await fireEvent.input(box, { target: { value: "lisb" } });
    await fireEvent.input(box, { target: { value: "lisbon " } });
    expect(go).not.toHaveBeenCalled();
    await vi.runAllTimersAsync();
    expect(go.mock.calls).toEqual([[{ place: "people", kind: "place", part: "lisbon", page: 1 }, true]]);
    await fireEvent.click(screen.getByTestId("names-next"));
    expect(go.mock.calls[1]).toEqual([{ place: "people", kind: "place", part: "lis", page: 4 }, false]);
    expect(screen.getByText("101–150 of 500")).toBeTruthy();
  } finally {
    vi.useRealTimers();
  }
});

it("an_older_answer_never_takes_the_place_of_a_newer_one", async () => {
  const { platform, props, rerender } = list();
  const first = platform.next("names");
  await rerender({ ...props, route: { place: "people", part: "new" } });
  platform.next("names").answer(found([row("en_new")]));
  await screen.findByText("Name en_new");
  first.answer(found([row("en_old")]));
  await settle();
  expect(screen.queryByText("Name en_old")).toBeNull();
});

it("what_is_yet_to_be_looked_through_is_said_and_so_is_what_could_not_be", async () => {
  const { platform, props, rerender } = list();
  platform.next("names").answer(found([], { counts: [], left: { passages: 412, failed: 1 } }));
  expect((await screen.findByTestId("no-names")).textContent).toBe(t.names.none);
  expect(screen.getByTestId("names-left").textContent).toContain("412 passages are still to be looked through");
  expect(screen.queryByText(t.names.paused, { exact: false })).toBeNull();
  expect(screen.getByText(t.names.failed(1))).toBeTruthy();
  await rerender({ ...props, paused: true });
  expect(screen.getByText(t.names.paused, { exact: false })).toBeTruthy();
});

it("a_filter_that_nothing_passes_says_so_and_a_failure_can_be_tried_again", async () => {
  const { platform } = list({ place: "people", part: "xyz" });
  platform.next("names").fail(unavailable);
  (await screen.findByRole("button")).click();
  platform.next("names").answer(found([], { counts: [{ kind: "person", count: 3 }], total: 0 }));
  expect(await screen.findByText(t.names.noneCalled("xyz"))).toBeTruthy();
});

it("more_names_are_read_a_while_after_they_came_and_once", async () => {
  vi.useFakeTimers();
  try {
    const { platform, names } = list();
    platform.next("names").answer(found([row("en_1")]));
    await vi.advanceTimersByTimeAsync(0);
    for (let news = 0; news < 5; news += 1) names.changed();
    expect(platform.pending).toHaveLength(0);
    await vi.runAllTimersAsync();
    expect(platform.pending.map(({ method }) => method)).toEqual(["names"]);
  } finally {
    vi.useRealTimers();
  }
});

it("a_name_shows_its_passages_with_itself_marked_and_whom_it_is_named_with", async () => {
  const platform = handPlatform();
  render(NamePage, { names: new NamesState(platform), id: "en_1", back: () => {}, revision: 0 });
  platform.next("name").answer(one([hit("ch_1", "Marta came.")], 21));
  const passage = await screen.findByTestId("name-passage");
  expect(passage.querySelector("a")?.getAttribute("href")).toBe("#/memory/ch_1");
  expect([...passage.querySelectorAll("mark")].map(({ textContent }) => textContent)).toEqual(["Marta"]);
  expect(screen.getByTestId("beside").getAttribute("href")).toBe("#/people/en_2");
  expect(screen.getByText("MARTA"), "its other names").toBeTruthy();
  screen.getByTestId("name-more").click();
  const more = platform.next("name");
  expect(more.params).toEqual({ id: "en_1", offset: 1, limit: 20 });
  more.answer(one([hit("ch_1", "Marta came."), hit("ch_2", "Marta left.")], 2));
  await settle();
  expect(screen.getAllByTestId("name-passage"), "each once").toHaveLength(2);
  expect(screen.queryByTestId("name-more")).toBeNull();
});

it("a_name_that_is_gone_leads_back_to_the_list", async () => {
  const platform = handPlatform();
  render(NamePage, { names: new NamesState(platform), id: "en_9", back: () => {}, revision: 0 });
  platform.next("name").fail({ code: "not_found", message: "nothing in the memory names it, or no longer", hint: null });
  expect((await screen.findByText(t.names.all)).getAttribute("href")).toBe("#/people");
});

it("a_name_that_is_a_topic_leads_to_its_tree", async () => {
  for (const topic of [null, "topic.en_1"]) {
    const platform = handPlatform();
    const { unmount } = render(NamePage, { names: new NamesState(platform), id: "en_1", back: () => undefined, revision: 0 });
    platform.next("name").answer({ ...one([], 0), topic });
    await screen.findByText("Marta", { selector: "h1" });
    expect(screen.queryByTestId("name-tree")?.getAttribute("href") ?? null).toBe(topic === null ? null : "#/tree/topic.en_1");
    unmount();
  }
});

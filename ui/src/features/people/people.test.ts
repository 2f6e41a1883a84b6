import { render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { t } from "../../strings";
import { type HandPlatform, handPlatform, settle, unavailable } from "../../testing/platform";
import type { Person } from "../../wire/Person";
import type { TreeRow } from "../../wire/TreeRow";
import type { TreeView } from "../../wire/TreeView";
import type { Route } from "../../shared/route";
import People from "./People.svelte";
import { NamesState } from "./names.svelte";
import { FILTER_FROM, PeopleState } from "./people.svelte";

const person = (author: string): Person => ({
  author,
  passages: 12,
  conversations: 3,
  first_at: "2023-01-09T19:20:11Z",
  last_at: null,
  sources: [{ id: "so_1", name: "ChatGPT" }],
});
const topic = (id: string, title: string, preview = ""): TreeRow => ({
  id, kind: "topic", title, preview, children: 2, passages: 41, first_happened_at: "2026-11-02T08:00:00Z", last_happened_at: "2026-11-02T09:00:00Z", degraded: false,
});
const topicsOf = (total: number, ...rows: TreeRow[]): TreeView => ({ path: [], trail: [], rows, total });
const route: Extract<Route, { place: "people" }> = { place: "people" };
const given = (platform: HandPlatform): { names: NamesState; route: typeof route; go: () => void; paused: boolean } => ({ names: new NamesState(platform), route, go: () => {}, paused: false });
const actions = { folder: vi.fn(), files: vi.fn(), samples: vi.fn(), note: vi.fn() };

it("each_person_leads_to_what_they_said_and_to_where", async () => {
  const platform = handPlatform();
  render(People, { people: new PeopleState(platform), ...given(platform), revision: 0, actions });
  platform.next("people").answer({ people: [person("Ada & Grace")], more: false });
  platform.next("tree").answer(topicsOf(0));
  const row = await screen.findByTestId("person-row");
  expect(row.querySelector("a")?.getAttribute("href")).toBe("#/recall?author=Ada+%26+Grace");
  expect(row.textContent).toContain("12 passages in 3 conversations");
  expect(screen.queryByTestId("people-filter"), "a short list needs no filter").toBeNull();
});

it("a_long_list_is_narrowed_by_name", async () => {
  const platform = handPlatform();
  const people = new PeopleState(platform);
  void people.load();
  platform.next("people").answer({ people: Array.from({ length: FILTER_FROM }, (_, index) => person(`Name ${index}`)), more: true });
  platform.next("tree").answer(topicsOf(0));
  await settle();
  people.typed = " NAME 1";
  expect(people.shown.map(({ author }) => author)).toEqual(["Name 1", "Name 10", "Name 11"]);
});

it("an_empty_list_says_how_it_fills_and_a_failure_can_be_tried_again", async () => {
  const platform = handPlatform();
  const people = new PeopleState(platform);
  render(People, { people, ...given(platform), revision: 0, actions });
  platform.next("people").fail(unavailable);
  platform.next("tree").answer(topicsOf(0));
  expect(await screen.findByRole("alert")).toBeTruthy();
  void people.load();
  platform.next("people").answer({ people: [], more: false });
  platform.next("tree").answer(topicsOf(0));
  (await screen.findByTestId("choose-files")).click();
  expect(actions.files).toHaveBeenCalledOnce();
});

it("each_topic_leads_to_its_tree_and_a_long_list_to_all_of_them", async () => {
  const platform = handPlatform();
  const people = new PeopleState(platform);
  render(People, { people, ...given(platform), revision: 0, actions });
  expect(screen.queryByText(t.people.noTopics), "nothing is said before it is known").toBeNull();
  platform.next("people").answer({ people: [], more: false });
  platform.next("tree").answer(topicsOf(2, topic("topic.en_1", "Marta Oak"), topic("topic.en_2", "Ben Ash", "Not named much lately")));
  const rows = await screen.findAllByTestId("topic-row");
  expect(rows.map((row) => row.querySelector("a")?.getAttribute("href"))).toEqual(["#/tree/topic.en_1", "#/tree/topic.en_2"]);
  expect(rows[0]?.textContent).toContain("41 passages");
  expect(rows[0]?.textContent).toContain("2026");
  expect(rows[1]?.textContent, "one that has cooled says so").toContain("Not named much lately");
  expect(screen.queryByText(t.people.toTree)).toBeNull();

  void people.load();
  platform.next("people").answer({ people: [], more: false });
  platform.next("tree").answer(topicsOf(30, topic("topic.en_1", "Marta Oak")));
  expect((await screen.findByText(t.people.toTree)).getAttribute("href")).toBe("#/tree/topics");

  void people.load();
  platform.next("people").answer({ people: [], more: false });
  platform.next("tree").answer(topicsOf(0));
  expect(await screen.findByText(t.people.noTopics)).toBeTruthy();
  expect(screen.queryByTestId("topic-row")).toBeNull();
});

import { render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { t } from "../../strings";
import { type HandPlatform, handPlatform, settle, unavailable } from "../../testing/platform";
import type { Person } from "../../wire/Person";
import type { SourceRow } from "../../wire/SourceRow";
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
const sourceRow: SourceRow = {
  id: "", name: "", kind: "folder", service: null, path: "/home/ada", found: 1, not_read: 0, documents: 1, chunked: 1, searchable: 1,
  in_tree: 0, summaries: 0, in_step: true, lost: false, last_import_at: null, last_batch: null, watched: false, watching: null,
};
const route: Extract<Route, { place: "people" }> = { place: "people" };
const given = (platform: HandPlatform): { names: NamesState; route: typeof route; go: () => void; paused: boolean } => ({ names: new NamesState(platform), route, go: () => {}, paused: false });
const actions = { folder: vi.fn(), files: vi.fn(), samples: vi.fn(), note: vi.fn() };

it("each_person_leads_to_what_they_said_and_to_where", async () => {
  const platform = handPlatform();
  render(People, { people: new PeopleState(platform), ...given(platform), sources: [], revision: 0, actions });
  platform.next("people").answer({ people: [person("Ada & Grace")], more: false });
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
  await settle();
  people.typed = " NAME 1";
  expect(people.shown.map(({ author }) => author)).toEqual(["Name 1", "Name 10", "Name 11"]);
});

it("an_empty_list_says_how_it_fills_and_a_failure_can_be_tried_again", async () => {
  const platform = handPlatform();
  const people = new PeopleState(platform);
  render(People, { people, ...given(platform), sources: [], revision: 0, actions });
  platform.next("people").fail(unavailable);
  expect(await screen.findByRole("alert")).toBeTruthy();
  void people.load();
  platform.next("people").answer({ people: [], more: false });
  (await screen.findByTestId("choose-files")).click();
  expect(actions.files).toHaveBeenCalledOnce();
});

it("each_summarised_source_is_a_topic_that_leads_to_its_branch", async () => {
  const platform = handPlatform();
  const sources = [
    { ...sourceRow, id: "so_1", name: "Letters", summaries: 3, in_tree: 41 },
    { ...sourceRow, id: "so_2", name: "Field journal", summaries: 9, in_tree: 180 },
    { ...sourceRow, id: "so_3", name: "Just come", summaries: 0, in_tree: 0 },
  ];
  const { rerender } = render(People, { people: new PeopleState(platform), ...given(platform), sources, revision: 0, actions });
  platform.next("people").answer({ people: [], more: false });
  const rows = await screen.findAllByTestId("topic-row");
  expect(rows.map((row) => row.querySelector("a")?.getAttribute("href")), "what says most comes first").toEqual(["#/tree/so_2", "#/tree/so_1"]);
  expect(rows[0]?.textContent).toContain("9 summaries of 180 passages");
  await rerender({ sources: [] });
  expect(screen.queryByTestId("topic-row")).toBeNull();
  expect(screen.queryByText(t.people.noTopics)).not.toBeNull();
  await rerender({ sources: null });
  expect(screen.queryByText(t.people.noTopics), "nothing is said before it is known").toBeNull();
});

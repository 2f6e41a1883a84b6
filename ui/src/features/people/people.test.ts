import { render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { handPlatform, settle, unavailable } from "../../testing/platform";
import type { Person } from "../../wire/Person";
import People from "./People.svelte";
import { FILTER_FROM, PeopleState } from "./people.svelte";

const person = (author: string): Person => ({
  author,
  passages: 12,
  conversations: 3,
  first_at: "2023-01-09T19:20:11Z",
  last_at: null,
  sources: [{ id: "so_1", name: "ChatGPT" }],
});
const actions = { folder: vi.fn(), files: vi.fn(), samples: vi.fn(), note: vi.fn() };

it("each_person_leads_to_what_they_said_and_to_where", async () => {
  const platform = handPlatform();
  render(People, { people: new PeopleState(platform), revision: 0, actions });
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
  render(People, { people, revision: 0, actions });
  platform.next("people").fail(unavailable);
  expect(await screen.findByRole("alert")).toBeTruthy();
  void people.load();
  platform.next("people").answer({ people: [], more: false });
  (await screen.findByTestId("choose-files")).click();
  expect(actions.files).toHaveBeenCalledOnce();
});

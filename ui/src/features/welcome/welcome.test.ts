import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, expect, it } from "vitest";
import App from "../../App.svelte";
import { AppState } from "../../app.svelte";
import { FakePlatform } from "../../platform/fake";
import { batchOf, handPlatform, settle } from "../../testing/platform";
import { openWindow } from "../../testing/window";
import { t } from "../../strings";
import { Welcome } from "./welcome.svelte";

beforeEach(() => {
  history.replaceState(null, "", "#/recall");
  localStorage.clear();
});

it("an_empty_memory_begins_with_the_introduction_and_skipping_it_is_remembered", async () => {
  const { app } = await openWindow("empty");
  expect((await screen.findByTestId("welcome")).dataset["step"]).toBe("begin");
  await fireEvent.click(screen.getByTestId("welcome-skip"));
  expect(await screen.findByTestId("choose-folder"), "the way in is still offered").toBeTruthy();
  expect(location.hash).toBe("#/recall");
  expect(app.welcome.isOver, "and it does not come back").toBe(true);
});

it("an_answer_that_is_overtaken_while_the_window_opens_hides_the_introduction_from_nobody", async () => {
  const platform = new FakePlatform("empty");
  const call = platform.call.bind(platform);
  const overtaken = new Set<string>();
  platform.call = (method, params) => {
    const answer = call(method, params);
    const state = method === "batches" ? app.imports : method === "ledger" ? app.ledger : null;
    if (state !== null && !overtaken.has(method)) {
      overtaken.add(method);
      void state.load();
    }
    return answer;
  };
  const app = new AppState(platform);
  render(App, { app });
  await app.start();
  expect([...overtaken].toSorted()).toEqual(["batches", "ledger"]);
  expect((await screen.findByTestId("welcome")).dataset["step"]).toBe("begin");
});

it("a_memory_that_holds_something_begins_with_the_question", async () => {
  const { app } = await openWindow("full");
  expect(await screen.findByTestId("question-box")).toBeTruthy();
  expect(screen.queryByTestId("welcome")).toBeNull();
  expect(app.welcome.isOver, "nobody with a memory is kept waiting for it again").toBe(true);
});

it("a_store_that_fails_is_no_empty_memory", async () => {
  await openWindow("error");
  expect(await screen.findByTestId("doctor-headline")).toBeTruthy();
  expect(screen.queryByTestId("welcome")).toBeNull();
});

it("three_steps_lead_from_nothing_to_a_cited_answer", async () => {
  const { app } = await openWindow("empty");
  await fireEvent.click(await screen.findByTestId("welcome-next"));
  await fireEvent.click(await screen.findByTestId("try-samples"));
  const start = await screen.findByTestId("plan-start");
  await expect.poll(() => start).toHaveProperty("disabled", false);
  await fireEvent.click(start);
  expect((await screen.findByTestId("welcome-progress")).dataset["state"]).toBe("running");
  await expect.poll(() => screen.queryAllByTestId("welcome-proposal").length, { timeout: 3000 }).toBeGreaterThan(0);
  app.welcome.questions = ["How old is the big beech?"];
  await settle();
  const [proposal] = screen.getAllByTestId("welcome-proposal");
  if (proposal === undefined) throw new Error("a question is proposed");
  await fireEvent.click(proposal);
  expect((await screen.findByTestId("hit")).textContent, "with the file and the lines").toMatch(/lines? \d/);
  await fireEvent.click(screen.getByTestId("welcome-done"));
  expect(location.hash, "the question goes along").toBe("#/recall?q=How+old+is+the+big+beech%3F");
  expect(app.welcome.isOver).toBe(true);
});

it("questions_are_made_of_the_titles_of_what_was_read", async () => {
  const platform = handPlatform();
  const welcome = new Welcome(platform);
  welcome.bring({ kind: "import", id: "b1", samples: false });
  void welcome.follow(batchOf({ ended: 3 }));
  expect(platform.pending, "nothing can be asked about yet").toEqual([]);
  void welcome.follow(batchOf({ ended: 3, new: 3 }));
  const item = { path: "a.md", outcome: "new", message: null, document: "doc-1" };
  platform.next("batch_report").answer({ batch: batchOf(), reasons: [], items: [item], items_left_out: 0, items_pruned: 0 });
  await settle();
  platform.next("show").answer({ kind: "document", title: "The roof" });
  await settle();
  expect(welcome.questions).toEqual([t.welcome.about("The roof")]);
});

it("an_older_answer_never_replaces_a_newer_one", async () => {
  const platform = handPlatform();
  const welcome = new Welcome(platform);
  void welcome.ask("first");
  void welcome.ask("second");
  const first = platform.next("recall");
  platform.next("recall").answer({ hits: [], terms: [], nothing: "of the second" });
  first.answer({ hits: [], terms: [], nothing: "of the first" });
  await settle();
  expect(welcome.answer?.nothing).toBe("of the second");
  expect(welcome.busy).toBe(false);
});

import { render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import type { Route } from "../../shared/route";
import { LedgerState } from "../../state/ledger.svelte";
import { answerOf, handPlatform, settle, unavailable, type HandPlatform } from "../../testing/platform";
import Recall from "./Recall.svelte";
import { RecallState } from "./recall.svelte";

const ask = (question: string) => ({ question, source: "", from: "", to: "" });

it("a_late_answer_to_an_older_question_is_ignored", async () => {
  const platform = handPlatform();
  const recall = new RecallState(platform);
  void recall.ask(ask("oak"));
  void recall.ask(ask("beech"));
  const [oak, beech] = [platform.next("recall"), platform.next("recall")];
  beech.answer(answerOf("beech"));
  await settle();
  oak.answer(answerOf("oak"));
  await settle();
  expect(recall.answer?.hits[0]?.title).toBe("beech");
  expect(recall.busy).toBe(false);
});

it("a_late_failure_of_an_older_question_is_ignored", async () => {
  const platform = handPlatform();
  const recall = new RecallState(platform);
  void recall.ask(ask("oak"));
  void recall.ask(ask("beech"));
  const [oak, beech] = [platform.next("recall"), platform.next("recall")];
  oak.fail(unavailable);
  await settle();
  expect([recall.error, recall.busy], "the newer question is still being asked").toEqual([null, true]);
  beech.answer(answerOf("beech"));
  await settle();
  expect(recall.answer?.hits).toHaveLength(1);
});

it("coming_back_to_a_question_does_not_ask_it_again", async () => {
  const platform = handPlatform();
  const recall = new RecallState(platform);
  void recall.follow(ask("beech"));
  platform.next("recall").answer(answerOf("beech"));
  await settle();
  await recall.follow(ask("beech"));
  expect(platform.pending).toHaveLength(0);
});

it("a_cleared_question_drops_the_answer_on_its_way", async () => {
  const platform = handPlatform();
  const recall = new RecallState(platform);
  void recall.follow(ask("beech"));
  await recall.follow(ask("  "));
  platform.next("recall").answer(answerOf("beech"));
  await settle();
  expect([recall.answer, recall.busy]).toEqual([null, false]);
});

async function show(platform: HandPlatform, question: string, sources: unknown[]) {
  const ledger = new LedgerState(platform);
  void ledger.load();
  platform.next("ledger").answer({ sources });
  await settle();
  const go = vi.fn<(route: Route) => void>();
  const actions = { folder: vi.fn(), files: vi.fn(), samples: vi.fn(), note: vi.fn() };
  render(Recall, {
    recall: new RecallState(platform),
    ledger,
    route: { place: "recall", question, source: "", from: "", to: "" },
    go,
    actions,
    revision: 0,
    announce: () => {},
  });
  return { go, actions };
}

const source = { id: "s", name: "Notes", documents: 2, chunked: 3 };

it("an_empty_memory_offers_one_thing_to_do_first", async () => {
  const { actions } = await show(handPlatform(), "", []);
  screen.getByTestId("choose-folder").click();
  expect(actions.folder).toHaveBeenCalledOnce();
  expect(screen.queryByTestId("question-box"), "there is nothing to ask yet").toBeNull();
});

it("a_hit_shows_its_quote_and_marks_its_words", async () => {
  const platform = handPlatform();
  await show(platform, "beech", [source]);
  platform.next("recall").answer(answerOf("beech"));
  await settle();
  const hit = screen.getByTestId("hit");
  expect(hit.querySelector("mark")?.textContent).toBe("beech");
  expect(hit.textContent).toContain("a.md, lines 1–2");
  expect(hit.textContent).toContain("no date");
  expect(hit.textContent).toContain("2 other passages say the same");
  expect(screen.getByTestId("hit-open").getAttribute("href")).toBe("#/memory/chunk-beech");
});

it("a_document_s_markup_is_shown_as_text", async () => {
  const platform = handPlatform();
  await show(platform, "beech", [source]);
  const answer = answerOf("beech");
  const [hit] = answer.hits;
  if (hit === undefined) throw new Error("the answer has a hit");
  platform.next("recall").answer({ ...answer, hits: [{ ...hit, text: 'beech <img src=x onerror="boom()">', title: "<b>bold</b>" }] });
  await settle();
  expect(screen.getByTestId("hit").querySelector("img, b")).toBeNull();
  expect(screen.getByTestId("hit-open").textContent).toBe("<b>bold</b>");
});

it("no_hit_says_what_was_looked_for", async () => {
  const platform = handPlatform();
  await show(platform, "volcano", [source]);
  platform.next("recall").answer({ hits: [], terms: ["volcano"], nothing: "No passage contains “volcano”." });
  await settle();
  expect(screen.getByTestId("nothing").textContent).toContain("volcano");
});

it("arrows_lead_through_the_answers_and_back_to_the_box", async () => {
  const platform = handPlatform();
  await show(platform, "beech", [source]);
  platform.next("recall").answer(answerOf("beech"));
  await settle();
  const box = screen.getByTestId("question-box");
  box.focus();
  const press = (key: string) => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  press("ArrowDown");
  expect(document.activeElement).toBe(screen.getByTestId("hit-open"));
  press("ArrowUp");
  expect(document.activeElement).toBe(box);
});

import { render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { noFilters, type Route } from "../../shared/route";
import { LedgerState } from "../../state/ledger.svelte";
import { answerOf, handPlatform, settle, unavailable, type HandPlatform } from "../../testing/platform";
import type { Why } from "../../wire/Why";
import Recall from "./Recall.svelte";
import { AGAIN_MAX, isEnough, MEANING_MS, RecallState, TYPING_MS, type Asked } from "./recall.svelte";

const ask = (question: string) => ({ question, ...noFilters });

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

afterEach(() => void vi.useRealTimers());

it("letters_are_asked_for_once_the_next_one_does_not_come", async () => {
  vi.useFakeTimers();
  const recall = new RecallState(handPlatform());
  const show = vi.fn<(asked: Asked, replace: boolean) => void>();
  for (const text of ["b", "be", "bee"]) {
    recall.type(ask(text), show);
    vi.advanceTimersByTime(TYPING_MS - 1);
  }
  expect(show).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(show.mock.calls).toEqual([[ask("bee"), false]]);
});

it("a_question_begins_at_its_second_letter_or_its_first_chinese_character", () => {
  for (const text of ["be", "森", "か", "한", "แ", "a 森"]) expect(isEnough(text), text).toBe(true);
  for (const text of ["", " ", "b", " b "]) expect(isEnough(text), text).toBe(false);
});

it("back_goes_through_questions_and_not_through_letters", async () => {
  vi.useFakeTimers();
  const platform = handPlatform();
  const recall = new RecallState(platform);
  const entries = [ask("")];
  const show = (asked: Asked, replace: boolean): void => {
    if (replace) entries.pop();
    entries.push(asked);
    void recall.follow(asked);
  };
  const type = (text: string): void => {
    recall.type(ask(text), show);
    vi.advanceTimersByTime(TYPING_MS);
  };
  for (const text of ["oa", "oak"]) type(text);
  recall.settle(ask("oak"), show);
  for (const text of ["oak be", "beech"]) type(text);
  recall.settle(ask("beech"), show);
  expect(entries.map(({ question }) => question)).toEqual(["", "oak", "beech"]);
  entries.pop();
  void recall.follow(ask("oak"));
  type("oak t");
  expect(entries.map(({ question }) => question), "what was come back to stays").toEqual(["", "oak", "oak t"]);
});

it("enter_asks_at_once_and_the_waiting_letter_is_not_asked_again", () => {
  vi.useFakeTimers();
  const recall = new RecallState(handPlatform());
  const show = vi.fn<(asked: Asked, replace: boolean) => void>();
  recall.type(ask("beech"), show);
  recall.settle(ask("beech"), show);
  expect(show).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(10 * TYPING_MS);
  expect(show).toHaveBeenCalledOnce();
});

it("each_question_of_the_box_names_it_and_has_a_later_turn", async () => {
  const platform = handPlatform();
  const recall = new RecallState(platform);
  void recall.ask(ask("oak"));
  void recall.ask(ask("beech"));
  const [oak, beech] = [platform.next("recall"), platform.next("recall")].map(({ params }) => params as { asker: { name: string; turn: number } });
  expect(oak?.asker.name).toBe(beech?.asker.name);
  expect([oak?.asker.turn, beech?.asker.turn], "so that the older one is called off").toEqual([1, 2]);
});

it("being_called_off_and_what_is_no_question_yet_are_silent_while_typing", async () => {
  const platform = handPlatform();
  const recall = new RecallState(platform);
  void recall.ask(ask("beech"));
  platform.next("recall").answer(answerOf("beech"));
  await settle();
  void recall.ask(ask("beeches"));
  platform.next("recall").fail({ code: "cancelled", message: "it was called off", hint: null });
  await settle();
  expect([recall.answer?.hits[0]?.title, recall.error, recall.busy], "the old answer stays").toEqual(["beech", null, false]);
  vi.useFakeTimers();
  recall.type(ask("?!"), (asked) => void recall.follow(asked));
  vi.advanceTimersByTime(TYPING_MS);
  vi.useRealTimers();
  const usage = { code: "usage", message: "there are no words to look for", hint: null };
  platform.next("recall").fail(usage);
  await settle();
  expect([recall.answer?.hits.length, recall.error]).toEqual([1, null]);
  recall.settle(ask("?!"), () => {});
  void recall.ask(ask("?!"));
  platform.next("recall").fail(usage);
  await settle();
  expect(recall.error?.code, "asked with Enter, it is said").toBe("usage");
});

async function show(platform: HandPlatform, question: string, sources: unknown[], filters: Partial<Asked> = {}) {
  const ledger = new LedgerState(platform);
  void ledger.load();
  platform.next("ledger").answer({ sources });
  await settle();
  const go = vi.fn<(route: Route, replace: boolean) => void>();
  const actions = { folder: vi.fn(), files: vi.fn(), samples: vi.fn(), note: vi.fn() };
  render(Recall, {
    recall: new RecallState(platform),
    ledger,
    route: { place: "recall", ...ask(question), ...filters },
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

it("what_a_question_means_is_asked_for_again_while_its_model_is_being_loaded", async () => {
  vi.useFakeTimers();
  const platform = handPlatform();
  const recall = new RecallState(platform);
  void recall.ask(ask("beech"));
  platform.next("recall").answer({ ...answerOf("beech"), meaning: "to_come" });
  await vi.advanceTimersByTimeAsync(MEANING_MS - 1);
  expect([recall.answer?.meaning, recall.busy]).toEqual(["to_come", false]);
  await vi.advanceTimersByTimeAsync(1);
  platform.next("recall").answer(answerOf("beech"));
  await vi.advanceTimersByTimeAsync(MEANING_MS);
  expect([recall.answer?.meaning, recall.busy]).toEqual(["yes", false]);
});

it("a_meaning_that_never_comes_is_not_asked_for_for_ever", async () => {
  vi.useFakeTimers();
  const platform = handPlatform();
  const recall = new RecallState(platform);
  void recall.ask(ask("beech"));
  for (let asked = 0; asked <= AGAIN_MAX; asked += 1) {
    platform.next("recall").answer({ ...answerOf("beech"), meaning: "to_come" });
    await vi.advanceTimersByTimeAsync(MEANING_MS);
  }
  expect(() => platform.next("recall"), "nobody asks any more").toThrow();
});

it("no_hit_says_what_was_looked_for", async () => {
  const platform = handPlatform();
  await show(platform, "volcano", [source]);
  platform.next("recall").answer({ hits: [], terms: ["volcano"], nothing: "No passage contains “volcano”.", unsearched: 0, meaning: "no", behind: null, summaries: [], nothing_then: null, writer: null });
  await settle();
  expect(screen.getByTestId("nothing").textContent).toContain("volcano");
});

it("days_that_nothing_is_of_are_said_above_what_is_of_others", async () => {
  const platform = handPlatform();
  await show(platform, "oak", [source]);
  platform.next("recall").answer({ ...answerOf("oak"), nothing_then: "Nothing in your memory is from May 2023." });
  await settle();
  expect(screen.getByTestId("nothing-then").textContent).toBe("Nothing in your memory is from May 2023.");
  expect(screen.getAllByTestId("hit").length).toBe(1);
});

const written = {
  by: "little at http://localhost:1/v1",
  sentences: [{ text: "The oak stands.", summary: null, cites: [{ chunk: "chunk-oak", title: "oak", locator: { path: null, line_first: 1, line_last: 1 }, happened_at: null }] }],
  left_out: 2,
  nothing: null,
};

async function askedToWrite(): Promise<HandPlatform> {
  const platform = handPlatform();
  await show(platform, "oak", [source]);
  platform.next("recall").answer({ ...answerOf("oak"), writer: written.by });
  await settle();
  screen.getByTestId("write").click();
  await settle();
  return platform;
}

it("a_written_answer_names_the_passages_that_say_so", async () => {
  const platform = await askedToWrite();
  const call = platform.next("answer_write");
  expect(call.params).toMatchObject({ question: "oak", typing: null });
  expect(screen.getByTestId("written").textContent).toContain("Being written by little");
  call.answer(written);
  await settle();
  const box = screen.getByTestId("written");
  const link = box.querySelector("a");
  expect([link?.textContent, link?.getAttribute("href"), link?.title]).toEqual(["[1]", "#/memory/chunk-oak", "oak"]);
  expect(box.textContent).toContain("The oak stands.");
  expect(box.textContent).toContain("2 sentences were left out");
});

it("an_answer_that_is_being_written_can_be_stopped_and_is_called_off", async () => {
  const platform = await askedToWrite();
  const call = platform.next("answer_write");
  screen.getByText("Stop").click();
  await settle();
  const { name } = (call.params as { asker: { name: string } }).asker;
  expect(platform.next("answer_cancel").params).toEqual({ name, turn: 2 });
  call.answer(written);
  await settle();
  expect(screen.getByTestId("write")).toBeTruthy();
  expect(screen.queryByText("The oak stands."), "it comes too late").toBeNull();
});

it("a_model_that_writes_nothing_says_why_and_can_be_asked_anew", async () => {
  const platform = await askedToWrite();
  platform.next("answer_write").fail({ code: "unavailable", message: "the model has written nothing: it took too long", hint: "try again" });
  await settle();
  expect(screen.getByRole("alert").textContent).toContain("it took too long");
  screen.getByText("Try again").click();
  await settle();
  platform.next("answer_write").answer({ ...written, sentences: [], nothing: "The model finds no answer in the passages." });
  await settle();
  expect(screen.getByTestId("written").textContent).toContain("finds no answer");
});

it("nobody_is_offered_a_model_that_is_not_chosen_and_a_new_question_leaves_no_old_answer", async () => {
  const platform = await askedToWrite();
  platform.next("answer_write").answer(written);
  await settle();
  const recall = new RecallState(platform);
  void recall.ask(ask("oak"));
  platform.next("recall").answer(answerOf("oak"));
  await settle();
  void recall.write();
  platform.next("answer_write").answer(written);
  await settle();
  expect(recall.written).not.toBeNull();
  void recall.ask(ask("beech"));
  expect(recall.written).toBeNull();
});

it("what_several_answers_are_part_of_leads_to_the_summary", async () => {
  const platform = handPlatform();
  await show(platform, "oak", [source]);
  platform.next("recall").answer({ ...answerOf("oak"), summaries: [{ id: "n1", title: "Oaks and beeches", of: { id: "days", title: "May 2024" }, passages: 9, hits: [1, 2], text: "The oak fell." }] });
  await settle();
  const link = screen.getByTestId("part-of").querySelector("a");
  expect([link?.textContent, link?.getAttribute("href"), link?.title]).toEqual(["May 2024: Oaks and beeches", "#/memory/n1", "The oak fell."]);
});

it("who_finds_nothing_while_passages_can_t_be_searched_is_led_to_what_mends_that", async () => {
  const platform = handPlatform();
  await show(platform, "volcano", [source]);
  platform.next("recall").answer({ hits: [], terms: ["volcano"], nothing: "40 passages can't be found by their words yet.", unsearched: 40, meaning: "no", behind: null, summaries: [], nothing_then: null, writer: null });
  await settle();
  expect(screen.getByTestId("unsearched").getAttribute("href")).toBe("#/doctor/coverage");
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

const shownKey = (key: string, init: KeyboardEventInit = {}): boolean =>
  document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init })) ?? false;

async function onFirstHit(): Promise<HandPlatform> {
  const platform = handPlatform();
  await show(platform, "beech", [source]);
  platform.next("recall").answer(answerOf("beech"));
  await settle();
  screen.getByTestId("hit-open").focus();
  return platform;
}

const why: Why = {
  words: [
    { word: "beech", forms: ["beeches"], title: 0, headings: 1, text: 2, passages: 14, score: 3 },
    { word: "volcano", forms: [], title: 0, headings: 0, text: 0, passages: 0, score: null },
  ],
  passages: 612,
  answers: 14,
  rank: 2,
  score: 6,
  best: 7.5,
  parts: [
    { what: "near", score: 2.4 },
    { what: "author", score: 0.9 },
    { what: "question", score: -0.3 },
  ],
  happened_at: "2023-10-14T00:00:00Z",
  happened_basis: "stated",
  same: [
    { chunk: "c9", document: "d9", title: "The copy", source: "s", source_name: "Notes", locator: { path: "/a/copy.md", line_first: 1, line_last: 1 }, happened_at: null },
  ],
};

it("why_says_which_words_it_has_where_they_stand_and_how_rare_they_are", async () => {
  const platform = await onFirstHit();
  shownKey("w");
  await settle();
  const call = platform.next("why");
  expect(call.params).toMatchObject({ chunk: "chunk-beech", question: { question: "beech", asker: null } });
  call.answer(why);
  await settle();
  const text = screen.getByTestId("why").textContent;
  for (const part of ["It has 1 of your 2 words", "Answer number 2. 14 passages have any of these words", "as “beeches”, in a heading, 2 times in the text", "in 14 of 612 passages", "50 %", "What was said around it40 %", "Who said it15 %", "It only asks-5 %", "beech 3 + What was said around it 2.4 + Who said it 0.9 + It only asks -0.3", "not in this passage", "as the document says", "1 other says the same"]) {
    expect(text).toContain(part);
  }
  expect(screen.queryByTestId("same"), "the others are shown when asked for").toBeNull();
  screen.getByText("show them").click();
  await settle();
  expect(screen.getByTestId("same").querySelector("a")?.getAttribute("href")).toBe("#/memory/c9");
  shownKey("w");
  await settle();
  expect(screen.queryByTestId("why")).toBeNull();
});

it("arrows_show_and_hide_the_surroundings_and_escape_leads_to_the_box", async () => {
  await onFirstHit();
  shownKey("ArrowRight");
  await settle();
  expect(screen.getByTestId("hit").textContent).toContain("What came before.");
  shownKey("ArrowLeft");
  await settle();
  expect(screen.getByTestId("hit").textContent).not.toContain("What came before.");
  shownKey("Escape");
  expect(document.activeElement).toBe(screen.getByTestId("question-box"));
});

it("an_answer_is_copied_with_its_citation", async () => {
  const written = vi.fn(async (_: string) => {});
  Object.defineProperty(navigator, "clipboard", { value: { writeText: written }, configurable: true });
  await onFirstHit();
  shownKey("c", { ctrlKey: true });
  await settle();
  expect(written).toHaveBeenCalledWith("“beech stands here.”\n— beech, a.md, lines 1–2, no date");
  expect(screen.getByTestId("cite").textContent).toContain("Copied");
});

it("what_the_filters_hide_is_counted_and_one_click_away", async () => {
  const platform = handPlatform();
  const { go } = await show(platform, "beech", [source], { source: "s", from: "2024-01-01" });
  platform.next("recall").answer({ hits: [], terms: ["beech"], nothing: "Nothing within these filters mentions “beech”.", unsearched: 0, behind: { source: 0, dates: 3, kind: null, all: 5 } });
  await settle();
  const rows = [...screen.getByTestId("behind").querySelectorAll("li")];
  expect(rows.map(({ textContent }) => textContent.replace(/Show.*/, "").trim())).toEqual(["3 passages from other days or without a date", "5 passages without these filters"]);
  rows[0]?.querySelector("button")?.click();
  expect(go).toHaveBeenCalledWith({ place: "recall", ...ask("beech"), source: "s" }, false);
});

it("what_is_set_stands_as_chips_that_can_be_taken_off", async () => {
  const platform = handPlatform();
  const { go } = await show(platform, "beech", [source], { source: "s", kind: "note", from: "2024-01-01", to: "2024-02-01" });
  const chips = [...screen.getByTestId("chips").querySelectorAll("button")];
  expect(chips.map((chip) => chip.getAttribute("aria-label") ?? chip.textContent.trim())).toHaveLength(4);
  chips[1]?.click();
  expect(go).toHaveBeenLastCalledWith({ place: "recall", ...ask("beech"), source: "s", from: "2024-01-01", to: "2024-02-01" }, false);
  screen.getByTestId("clear-filters").click();
  expect(go).toHaveBeenLastCalledWith({ place: "recall", ...ask("beech") }, false);
});

it("a_tag_is_a_filter_as_soon_as_there_is_one", async () => {
  const platform = handPlatform();
  const { go } = await show(platform, "beech", [source], { tag: "küche" });
  expect(screen.queryByTestId("filter-tag"), "nothing to choose among is not offered").toBeNull();
  expect(platform.next("recall").params).toMatchObject({ tag: "küche" });
  platform.next("tags").answer([
    { tag: "garden", documents: 1200 },
    { tag: "Küche", documents: 1 },
  ]);
  await settle();
  const select = screen.getByTestId<HTMLSelectElement>("filter-tag");
  expect([...select.options].map(({ text }) => text)).toEqual(["All tags", "garden (1,200)", "Küche (1)"]);
  expect(select.value, "whatever its capital letters").toBe("Küche");
  const [chip] = screen.getByTestId("chips").querySelectorAll("button");
  expect(chip?.getAttribute("aria-label"), "written as it is listed").toBe("Remove the filter: Tagged Küche");
  select.value = "garden";
  select.dispatchEvent(new Event("change", { bubbles: true }));
  expect(go).toHaveBeenLastCalledWith({ place: "recall", ...ask("beech"), tag: "garden" }, false);
  chip?.click();
  expect(go).toHaveBeenLastCalledWith({ place: "recall", ...ask("beech") }, false);
});

it("what_a_tag_hides_is_one_click_away", async () => {
  const platform = handPlatform();
  const { go } = await show(platform, "beech", [source], { tag: "garden" });
  platform.next("recall").answer({ hits: [], terms: ["beech"], nothing: "Nothing.", behind: { source: null, author: null, dates: null, kind: null, tag: 2, all: 2 } });
  await settle();
  const rows = [...screen.getByTestId("behind").querySelectorAll("li")];
  expect(rows.map(({ textContent }) => textContent.replace(/Show.*/, "").trim())).toEqual(["2 passages without this tag"]);
  rows[0]?.querySelector("button")?.click();
  expect(go).toHaveBeenCalledWith({ place: "recall", ...ask("beech") }, false);
});

it("what_is_being_composed_is_not_asked", async () => {
  vi.useFakeTimers();
  const platform = handPlatform();
  vi.useRealTimers();
  const { go } = await show(platform, "", [source]);
  vi.useFakeTimers();
  const box = screen.getByTestId("question-box") as HTMLInputElement;
  box.dispatchEvent(new CompositionEvent("compositionstart"));
  box.value = "morino";
  box.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true }));
  vi.advanceTimersByTime(5 * TYPING_MS);
  expect(go).not.toHaveBeenCalled();
  box.value = "森の";
  box.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true }));
  box.dispatchEvent(new CompositionEvent("compositionend"));
  vi.advanceTimersByTime(TYPING_MS);
  expect(go).toHaveBeenCalledWith({ place: "recall", ...ask("森の") }, false);
});

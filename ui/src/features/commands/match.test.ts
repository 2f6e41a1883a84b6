import { expect, it } from "vitest";
import { matching } from "./match";

const all = [
  { title: "Recall", also: "search ask" },
  { title: "Tree" },
  { title: "Settings", also: "backup restore" },
  { title: "Write a note" },
  { title: "Use the light theme" },
  { title: "Use the dark theme" },
  { title: "Back up now", also: "backup copy" },
  { title: "Go back" },
  { title: "Open source Übungen in Łódź" },
  { title: "Open source 大きな森の記録" },
];
const find = (query: string) => matching(query, all).map(({ title }) => title);

it("words_may_come_in_any_order_and_be_cut_short", () => {
  expect(find("not wri")).toEqual(["Write a note"]);
  expect(find("theme dark")).toEqual(["Use the dark theme"]);
});

it("every_word_has_to_be_found", () => {
  expect(find("dark note")).toEqual([]);
});

it("a_title_that_begins_with_it_comes_first_and_other_words_come_last", () => {
  expect(find("back")).toEqual(["Back up now", "Go back", "Settings"]);
  expect(find("search")).toEqual(["Recall"]);
});

it("case_and_accents_make_no_difference", () => {
  expect(find("UBUNG")).toEqual(["Open source Übungen in Łódź"]);
  expect(find("lodz")).toEqual([]);
  expect(find("łodz")).toEqual(["Open source Übungen in Łódź"]);
});

it("writing_without_spaces_is_found_from_the_middle", () => {
  expect(find("森")).toEqual(["Open source 大きな森の記録"]);
});

it("the_middle_of_a_word_is_found_when_enough_of_it_is_typed", () => {
  expect(find("ttings")).toEqual(["Settings"]);
  expect(find("tt")).toEqual([]);
});

it("signs_and_spaces_alone_ask_for_nothing_in_particular", () => {
  expect(find(" … ")).toHaveLength(all.length);
});

import { expect, it } from "vitest";
import { href, parseRoute, recallHome, type Route } from "./route";

const routes: Route[] = [
  { place: "recall", question: "How old is it? & why #1?", source: "src/1", from: "2023-01-01", to: "", kind: "note", author: "", tag: "my garden, #1" },
  recallHome,
  { ...recallHome, tag: "Küche" },
  { place: "tree", id: null },
  { place: "tree", id: "sum/1 ü" },
  { place: "memory", id: "doc.1" },
  { place: "people" },
  { place: "people", id: "en_1/ü" },
  { place: "people", kind: "organisation", part: "a & b?", page: 3 },
  { place: "sources" },
  { place: "import", batch: "b-1" },
  { place: "doctor" },
  { place: "doctor", at: "timeline" },
  { place: "doctor", at: "watched_folders" },
  { place: "settings" },
];

it("every_place_has_an_address_that_leads_back_to_it", () => {
  for (const route of routes) expect(parseRoute(href(route)), href(route)).toEqual(route);
});

it("a_question_typed_into_the_address_keeps_its_question_mark", () => {
  expect(parseRoute("#/recall?q=How old?")).toMatchObject({ question: "How old?" });
});

it("a_check_that_does_not_exist_leads_to_all_of_them", () => {
  expect(parseRoute("#/doctor/toString")).toEqual({ place: "doctor" });
});

it("a_list_of_names_that_makes_no_sense_begins_at_its_start", () => {
  expect(parseRoute("#/people?kind=animals&page=-3")).toEqual({ place: "people" });
  expect(parseRoute("#/people?page=1e99&kind=place")).toEqual({ place: "people", kind: "place" });
});

it("an_unknown_address_leads_home", () => {
  expect(parseRoute("#/nowhere/at/all")).toMatchObject({ place: "recall" });
  expect(parseRoute("#/memory"), "a memory without an id is no place").toMatchObject({ place: "recall" });
  expect(parseRoute("#/tree/%E0%A4%A"), "a broken escape is read as it stands").toEqual({ place: "tree", id: "%E0%A4%A" });
});

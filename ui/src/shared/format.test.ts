import { expect, it } from "vitest";
import { bytes, day, dayRange, isFile, said, tilde, tildeAll } from "./format";

it("a_day_without_an_hour_is_the_same_day_everywhere", () => {
  expect(day("2023-10-14T00:00:00Z")).toContain("14");
  expect(day("2023-10-14")).toBe(day("2023-10-14T00:00:00Z"));
});

it("a_range_of_one_day_is_that_day", () => {
  expect(dayRange("2023-10-14", "2023-10-14")).toBe(day("2023-10-14"));
  expect(dayRange(null, null)).toBeNull();
  expect(dayRange(null, "2023-10-14")).toBe(day("2023-10-14"));
});

it("sizes_are_said_in_the_largest_unit_that_fits", () => {
  expect([bytes(999), bytes(1500), bytes(353_248), bytes(48_200_000)]).toEqual(["999 B", "1.5 KB", "353 KB", "48.2 MB"]);
});

it("the_home_folder_is_not_shown_or_shared", () => {
  expect(tilde("/home/ada/notes/a.md")).toBe("~/notes/a.md");
  expect(tilde("C:\\Users\\Ada\\notes")).toBe("~\\notes");
  expect(tilde("/srv/home/ada"), "only a path's start is a home").toBe("/srv/home/ada");
  expect(tildeAll('in "/Users/ada/x" and /home/ada')).toBe('in "~/x" and ~');
});

it("a_conversations_key_is_no_file", () => {
  expect(isFile("/home/ada/a.md")).toBe(true);
  expect(isFile("C:\\notes\\a.md")).toBe(true);
  expect(isFile("chatgpt:c-1")).toBe(false);
  expect(isFile(null)).toBe(false);
});

it("a_date_is_told_as_far_as_it_is_said", () => {
  expect(said("2024-05-07")).toContain("2024");
  expect(said("2024-05")).toBe("May 2024");
  expect(said("--05-07")).toBe("May 7");
  for (const other of ["--02", "soon", "2024-13"]) expect(said(other), "what is no date stays as it is").toBe(other);
});

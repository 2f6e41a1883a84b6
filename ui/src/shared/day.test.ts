import { expect, it } from "vitest";
import { parseDay } from "./day";

it("a_year_or_a_month_stands_for_its_first_or_last_day", () => {
  expect([parseDay("2024", "first"), parseDay("2024", "last")]).toEqual(["2024-01-01", "2024-12-31"]);
  expect([parseDay("2024-2", "first"), parseDay("2024-02", "last")]).toEqual(["2024-02-01", "2024-02-29"]);
});

it("a_day_that_does_not_exist_is_no_day", () => {
  for (const text of ["2023-02-29", "2023-13-01", "2023-00-10", "2023-04-31", "yesterday", "23", ""]) {
    expect(parseDay(text, "first"), text).toBeNull();
  }
});

it("a_whole_day_is_itself", () => {
  expect(parseDay(" 2023-4-5 ", "last")).toBe("2023-04-05");
});

import { expect, it } from "vitest";
import { firstDayOf, parseDay } from "./day";

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

it("the_last_days_are_counted_by_the_person_s_own_calendar", () => {
  const late = new Date(2024, 2, 31, 23, 59);
  expect(firstDayOf("week", late), "seven days with today").toBe("2024-03-25");
  expect(firstDayOf("month", late), "February is shorter").toBe("2024-02-29");
  expect(firstDayOf("year", new Date(2024, 1, 29, 0, 1))).toBe("2023-02-28");
  expect(firstDayOf("month", new Date(2024, 0, 15)), "over the turn of the year").toBe("2023-12-15");
});

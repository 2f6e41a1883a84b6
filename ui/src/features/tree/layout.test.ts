import { expect, it } from "vitest";
import { indexOf, layOut, spotAt, spotBeneath, spotOf, topOf, type OpenBranch } from "./layout";

const branch = (id: string, level: number, total: number, open: OpenBranch["open"] = []): OpenBranch => ({ id, level, total, open });
const heights = (level: number): number => (level === 1 ? 10 : 20);

const leaf = branch("leaf", 3, 2);
const inner = branch("inner", 2, 100_000, [{ position: 50_000, branch: leaf }]);
const roots = branch("", 1, 3, [{ position: 1, branch: inner }]);
const layout = layOut(roots, heights);

it("every_line_is_where_counting_one_by_one_would_find_it", () => {
  expect(layout.lines).toBe(3 + 100_000 + 2);
  expect(layout.height).toBe(30 + 100_002 * 20);
  const at = (index: number): [string, number] | null => {
    const spot = spotAt(layout, index);
    return spot === null ? null : [spot.segment.branch.id, spot.position];
  };
  expect(at(0)).toEqual(["", 0]);
  expect(at(1)).toEqual(["", 1]);
  expect(at(2), "its children follow the row that was opened").toEqual(["inner", 0]);
  expect(at(2 + 50_000)).toEqual(["inner", 50_000]);
  expect(at(2 + 50_001)).toEqual(["leaf", 0]);
  expect(at(2 + 50_003)).toEqual(["inner", 50_001]);
  expect(at(layout.lines - 1)).toEqual(["", 2]);
});

it("a_height_and_an_index_lead_to_the_same_line", () => {
  for (const index of [0, 1, 2, 777, 50_002, 50_003, 50_004, 100_004]) {
    const spot = spotAt(layout, index);
    if (spot === null) throw new Error("there is such a line");
    expect(indexOf(spot)).toBe(index);
    for (const down of [0, spot.segment.height - 1]) {
      const beneath = spotBeneath(layout, topOf(spot) + down);
      expect(beneath === null ? null : indexOf(beneath), `${index} + ${down} px`).toBe(index);
    }
    expect(spotOf(layout, spot.segment.branch.id, spot.position)).toEqual(spot);
  }
});

it("beyond_both_ends_is_the_nearest_line_and_nothing_holds_none", () => {
  expect(spotBeneath(layout, 1e12)).toMatchObject({ position: 2 });
  expect(spotAt(layout, -5)).toMatchObject({ position: 0 });
  expect(spotOf(layout, "inner", 100_000)).toBeNull();
  expect(spotAt(layOut(branch("", 1, 0), heights), 0)).toBeNull();
});

it("a_branch_that_lost_the_row_it_hangs_from_is_not_shown", () => {
  const lost = layOut(branch("", 1, 1, [{ position: 4, branch: leaf }]), heights);
  expect(lost.lines).toBe(1);
});

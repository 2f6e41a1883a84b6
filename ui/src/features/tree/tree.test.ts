import { render, screen } from "@testing-library/svelte";
import { createRawSnippet } from "svelte";
import { expect, it, vi } from "vitest";
import { handPlatform, settle } from "../../testing/platform";
import type { Params, Platform, Reply } from "../../platform";
import { strokesOf } from "../../shared/shortcuts";
import { t } from "../../strings";
import type { TreeRow } from "../../wire/TreeRow";
import Tree from "./Tree.svelte";
import { SCROLL_PX_MAX, TreeState } from "./tree.svelte";

const row = (id: string, kind: TreeRow["kind"], children = 0): TreeRow => ({
  id,
  kind,
  title: id,
  preview: "",
  children,
  passages: children,
  first_happened_at: null,
  last_happened_at: null,
  degraded: false,
});

const LONG = 100_000;
const leaf = (index: number): TreeRow => row(`leaf ${index}`, "chunk");
const branches: Record<string, { total: number; at: (index: number) => TreeRow | undefined }> = {
  "": of(row("Field", "source", 2), row("Notes", "source", 1)),
  Field: of(row("Autumn", "summary", 1), row("Winter", "summary", 1)),
  Autumn: of(row("Owl", "chunk")),
  Winter: of(row("Snow", "chunk")),
  Notes: of(row("Waiting", "waiting", LONG)),
  Waiting: { total: LONG, at: leaf },
};
const trails: Record<string, [string, number][]> = {
  Field: [["Field", 0]],
  Autumn: [["Field", 0], ["Autumn", 0]],
  Winter: [["Field", 0], ["Winter", 1]],
  Notes: [["Notes", 1]],
  Waiting: [["Notes", 1], ["Waiting", 0]],
  Owl: [["Field", 0], ["Autumn", 0], ["Owl", 0]],
  "leaf 70042": [["Notes", 1], ["Waiting", 0], ["leaf 70042", 70_042]],
};

function of(...rows: TreeRow[]): { total: number; at: (index: number) => TreeRow | undefined } {
  return { total: rows.length, at: (index) => rows[index] };
}

interface TreePlatform extends Platform {
  calls: Params<"tree">[];
  failing: boolean;
}

function treePlatform(known = branches): TreePlatform {
  const platform = { ...handPlatform(), calls: [] as Params<"tree">[], failing: false };
  const call = async (_: string, params: unknown): Promise<Reply<"tree">> => {
    const at = params as Params<"tree">;
    platform.calls.push(at);
    if (platform.failing) throw { code: "unavailable", message: "It can't be read.", hint: null };
    const { total, at: rowAt } = known[at.node ?? ""] ?? of();
    const first = at.offset ?? 0;
    const count = Math.max(0, Math.min(at.limit ?? 200, total - first));
    return {
      path: [],
      trail: (trails[at.node ?? ""] ?? []).map(([id, position]) => ({ id, position })),
      rows: Array.from({ length: count }, (_value, index) => rowAt(first + index)).filter((one) => one !== undefined),
      total,
    };
  };
  return Object.assign(platform, { call: call as unknown as Platform["call"] });
}

async function loaded(platform = treePlatform()): Promise<TreeState> {
  const tree = new TreeState(platform);
  tree.viewHeight = 600;
  await tree.loadRoots();
  return tree;
}

const ids = (tree: TreeState) => tree.lines.map(({ row: read }) => read?.id ?? null);
const idOfCurrent = (tree: TreeState) => tree.currentLine?.row?.id;

/** As a person does: goes to the row and presses a key. */
async function press(tree: TreeState, id: string, key: string): Promise<void> {
  const line = tree.lines.find((one) => one.row?.id === id);
  if (line === undefined) throw new Error(`${id} is in view`);
  tree.current = line.place;
  tree.key(key);
  await settle();
}

function scrollToCurrent(tree: TreeState): void {
  tree.scrollTop = tree.scrollToCurrent() ?? tree.scrollTop;
  tree.readInView();
}

it("a_branch_is_read_when_it_is_opened_and_not_before", async () => {
  const platform = treePlatform();
  const tree = await loaded(platform);
  expect(platform.calls).toHaveLength(1);
  await press(tree, "Field", "ArrowRight");
  expect(ids(tree)).toEqual(["Field", "Autumn", "Winter", "Notes"]);
  await press(tree, "Field", "ArrowLeft");
  await press(tree, "Field", "ArrowRight");
  expect(platform.calls, "what was read once is kept").toHaveLength(2);
});

it("a_branch_of_a_hundred_thousand_opens_at_once_and_only_what_is_in_view_is_on_the_page", async () => {
  const platform = treePlatform();
  const tree = await loaded(platform);
  await press(tree, "Notes", "ArrowRight");
  await press(tree, "Waiting", "ArrowRight");
  expect(tree.lines.length, "the page holds what is seen and a little more").toBeLessThan(60);
  expect(tree.lines.at(-1)).toMatchObject({ setsize: LONG, level: 3 });
  const before = platform.calls.length;
  tree.key("End");
  scrollToCurrent(tree);
  expect(tree.currentLine, "one key leads to the last row, read or not").toMatchObject({ row: null, posinset: LONG, setsize: LONG });
  await settle();
  expect(idOfCurrent(tree)).toBe(`leaf ${LONG - 1}`);
  expect(platform.calls.length - before, "nothing on the way there was read").toBeLessThan(3);
  tree.key("PageUp");
  expect(tree.currentLine?.posinset).toBeLessThan(LONG - 5);
});

it("what_was_scrolled_past_before_its_turn_is_not_read", async () => {
  const platform = treePlatform();
  const tree = await loaded(platform);
  await press(tree, "Notes", "ArrowRight");
  await press(tree, "Waiting", "ArrowRight");
  const before = platform.calls.length;
  for (let page = 1; page <= 200; page += 1) {
    tree.scrollTop = page * 20_000;
    tree.readInView();
  }
  await settle();
  expect(platform.calls.length - before).toBeLessThan(8);
  expect(tree.lines.every(({ row: read }) => read !== null), "where the scrolling ended is read").toBe(true);
});

it("the_row_with_the_focus_stays_on_the_page_when_it_is_scrolled_away", async () => {
  const tree = await loaded();
  await press(tree, "Notes", "ArrowRight");
  await press(tree, "Waiting", "ArrowRight");
  tree.scrollTop = 3_000_000;
  const focused = tree.lines.filter((line) => tree.isCurrent(line));
  expect(focused).toHaveLength(1);
  expect(focused[0]?.row?.id).toBe("Waiting");
  expect(tree.scrollToCurrent(), "a key brings it back into view").toBeLessThan(1000);
});

it("a_tree_taller_than_a_page_can_be_is_scrolled_from_end_to_end", async () => {
  const tree = await loaded(treePlatform({ ...branches, Notes: of(row("Waiting", "waiting", 2_000_000)), Waiting: { total: 2_000_000, at: leaf } }));
  await press(tree, "Notes", "ArrowRight");
  await press(tree, "Waiting", "ArrowRight");
  expect(tree.height).toBe(SCROLL_PX_MAX);
  tree.scrollTop = tree.height - tree.viewHeight;
  const last = tree.lines.at(-1);
  expect(last?.posinset).toBe(2_000_000);
  expect((last?.top ?? 0) + (last?.height ?? 0), "it ends where the page ends").toBeCloseTo(tree.height, 0);
});

it("rows_that_could_not_be_read_say_so_and_are_read_when_asked_again", async () => {
  const platform = treePlatform();
  const tree = await loaded(platform);
  await press(tree, "Notes", "ArrowRight");
  platform.failing = true;
  await press(tree, "Waiting", "ArrowRight");
  const failed = tree.lines.at(-1);
  expect(failed?.error?.code).toBe("unavailable");
  platform.failing = false;
  tree.readInView();
  await settle();
  expect(tree.lines.at(-1)?.error, "not by itself, over and over").not.toBeNull();
  if (failed !== undefined) tree.retry(failed);
  await settle();
  expect(tree.lines.at(-1)).toMatchObject({ error: null });
  expect(tree.lines.at(-1)?.row?.id).toMatch(/^leaf/);
});

it("an_address_opens_the_way_down_to_its_row_wherever_it_stands", async () => {
  const platform = treePlatform();
  const tree = new TreeState(platform);
  tree.viewHeight = 600;
  expect(await tree.reveal("Owl")).toBe(true);
  expect(ids(tree)).toContain("Owl");
  expect(await tree.reveal("leaf 70042")).toBe(true);
  expect(idOfCurrent(tree)).toBe("leaf 70042");
  expect(platform.calls.length, "no page is read to look for it").toBeLessThan(10);
  expect(await tree.reveal("nowhere"), "what is not in the tree").toBe(false);
});

it("typed_letters_lead_to_the_row_that_begins_with_them", async () => {
  let now = 0;
  const tree = new TreeState(treePlatform(), () => now);
  tree.viewHeight = 600;
  await tree.loadRoots();
  await press(tree, "Field", "ArrowRight");
  tree.key("w");
  expect(idOfCurrent(tree)).toBe("Winter");
  now = 5000;
  tree.key("n");
  tree.key("o");
  expect(idOfCurrent(tree)).toBe("Notes");
  now = 10_000;
  tree.key("a");
  expect(idOfCurrent(tree), "and from the top again").toBe("Autumn");
});

it("an_asterisk_opens_all_rows_beside_the_one_with_the_focus", async () => {
  const tree = await loaded();
  await press(tree, "Field", "ArrowRight");
  await press(tree, "Autumn", "*");
  expect(ids(tree)).toEqual(["Field", "Autumn", "Owl", "Winter", "Snow", "Notes"]);
  expect(idOfCurrent(tree), "and the focus stays").toBe("Autumn");
});

it("closing_a_branch_takes_the_focus_out_of_it", async () => {
  const tree = await loaded();
  await press(tree, "Field", "ArrowRight");
  await press(tree, "Autumn", "ArrowRight");
  await press(tree, "Owl", "ArrowDown");
  await press(tree, "Owl", "Home");
  const field = tree.lines.find((line) => line.row?.id === "Field");
  await press(tree, "Owl", "x");
  if (field !== undefined) tree.toggle({ ...field, open: true });
  expect(idOfCurrent(tree)).toBe("Field");
});

it("a_changed_memory_is_read_again_where_it_is_seen_and_the_focus_follows_its_row", async () => {
  const known = { ...branches };
  const tree = await loaded(treePlatform(known));
  await press(tree, "Field", "ArrowRight");
  await press(tree, "Winter", "ArrowRight");
  await press(tree, "Snow", "ArrowLeft");
  known.Field = of(row("Spring", "summary", 1), row("Autumn", "summary", 1), row("Winter", "summary", 1));
  trails.Winter = [["Field", 0], ["Winter", 2]];
  await tree.refresh();
  expect(ids(tree), "what was open stays open, in its new place").toEqual(["Field", "Spring", "Autumn", "Winter", "Snow", "Notes"]);
  expect(idOfCurrent(tree)).toBe("Winter");
});

const actions = { folder: vi.fn(), files: vi.fn(), samples: vi.fn(), note: vi.fn() };
const details = createRawSnippet(() => ({ render: () => "<p>details</p>" }));

it("the_whole_tree_is_reached_by_keyboard", async () => {
  const select = vi.fn();
  render(Tree, { tree: new TreeState(treePlatform()), sources: [], selected: null, select, actions, details });
  await settle();
  const focused = () => document.activeElement?.getAttribute("data-key");
  const pressed = async (key: string) => {
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await settle();
  };
  const [first] = screen.getAllByTestId("tree-item");
  expect(first?.tabIndex, "Tab leads to one row of the tree").toBe(0);
  expect(screen.getAllByTestId("tree-item").filter((item) => item.tabIndex === 0)).toHaveLength(1);
  first?.focus();
  await pressed("ArrowRight");
  expect(first?.getAttribute("aria-expanded")).toBe("true");
  await pressed("ArrowRight");
  expect(focused()).toBe("Autumn");
  const autumn = document.activeElement;
  expect(["level", "posinset", "setsize"].map((name) => autumn?.getAttribute(`aria-${name}`))).toEqual(["2", "1", "2"]);
  await pressed("Enter");
  expect(select).toHaveBeenCalledWith("Autumn");
  await pressed("End");
  expect(focused()).toBe("Notes");
  await pressed("Home");
  expect(focused()).toBe("Field");
  await pressed("ArrowDown");
  await pressed("ArrowLeft");
  expect(focused(), "left from a closed row goes to its parent").toBe("Field");
  await pressed("ArrowLeft");
  expect(screen.getAllByTestId("tree-item"), "left on an open row closes it").toHaveLength(2);
});

it("the_focus_is_not_lost_while_a_row_is_being_read", async () => {
  render(Tree, { tree: new TreeState(treePlatform()), sources: [], selected: null, select: vi.fn(), actions, details });
  await settle();
  screen.getAllByTestId("tree-item")[1]?.focus();
  for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "End"]) {
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await settle();
  }
  expect(document.activeElement?.getAttribute("aria-posinset")).toBe(String(LONG));
  expect(document.activeElement?.getAttribute("data-key"), "the same element became the row").toBe(`leaf ${LONG - 1}`);
});

it("what_stands_beside_the_sources_says_what_it_is", async () => {
  const known = { ...branches, "": of(row("days", "branch", 1), row("topics", "branch", 1), row("Notes", "source", 1)), topics: of(row("Marta", "topic", 1)) };
  const tree = await loaded(treePlatform(known));
  await press(tree, "topics", "ArrowRight");
  for (const [selected, text] of [["days", t.tree.texts.days], ["topics", t.tree.texts.topics], ["Marta", t.tree.texts.topic], ["Notes", t.tree.texts.source]] as const) {
    const { unmount } = render(Tree, { tree, sources: [], selected, select: vi.fn(), actions, details });
    await settle();
    expect(screen.getByText(text ?? "").tagName, selected).toBe("P");
    unmount();
  }
});

it("the_place_that_was_scrolled_to_is_kept_while_one_is_elsewhere", async () => {
  const tree = await loaded();
  await press(tree, "Notes", "ArrowRight");
  await press(tree, "Waiting", "ArrowRight");
  const props = { tree, sources: [], selected: null, select: vi.fn(), actions, details };
  const { container, unmount } = render(Tree, props);
  const scroller = container.querySelector<HTMLElement>(".scroller");
  if (scroller === null) throw new Error("the tree scrolls");
  scroller.scrollTop = 40_000;
  scroller.dispatchEvent(new Event("scroll"));
  unmount();
  const again = render(Tree, props);
  await settle();
  expect(again.container.querySelector(".scroller")?.scrollTop).toBe(40_000);
});

it("the_tree_does_what_the_sheet_of_shortcuts_says", async () => {
  const tree = await loaded();
  for (const name of ["treeMove", "treeOpen", "treeClose", "treeEnds", "treePages", "treeSiblings"] as const) {
    for (const { key } of strokesOf(name)) expect(tree.key(key), key).toBe(true);
  }
});

import { render, screen } from "@testing-library/svelte";
import { createRawSnippet } from "svelte";
import { expect, it, vi } from "vitest";
import { handPlatform, settle } from "../../testing/platform";
import type { Params, Platform, Reply } from "../../platform";
import { strokesOf } from "../../shared/shortcuts";
import type { TreeRow } from "../../wire/TreeRow";
import Tree from "./Tree.svelte";
import { ROWS_AT_A_TIME, TreeState } from "./tree.svelte";

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

const many = Array.from({ length: ROWS_AT_A_TIME + 20 }, (_, index) => row(`leaf ${index}`, "chunk"));
const branches: Record<string, TreeRow[]> = {
  "": [row("Field", "source", 2), row("Notes", "source", many.length)],
  Field: [row("Autumn", "summary", 1), row("Waiting", "waiting", 1)],
  Autumn: [row("Owl", "chunk")],
  Notes: many,
};
const paths: Record<string, string[]> = { Owl: ["Field", "Autumn"], "leaf 110": ["Notes"] };

function treePlatform(): Platform & { calls: Params<"tree">[] } {
  const calls: Params<"tree">[] = [];
  const call = async (_: string, params: unknown): Promise<Reply<"tree">> => {
    const at = params as Params<"tree">;
    calls.push(at);
    const all = branches[at.node ?? ""] ?? [];
    const offset = at.offset ?? 0;
    return {
      path: (paths[at.node ?? ""] ?? []).map((id) => ({ id, title: id })),
      rows: all.slice(offset, offset + (at.limit ?? 200)),
      total: all.length,
    };
  };
  return { ...handPlatform(), calls, call: call as unknown as Platform["call"] };
}

const keys = (tree: TreeState) => tree.lines.map(({ key }) => key);

it("a_branch_is_read_when_it_is_opened_and_not_before", async () => {
  const platform = treePlatform();
  const tree = new TreeState(platform);
  await tree.loadRoots();
  expect(platform.calls).toHaveLength(1);
  await tree.open("Field");
  expect(keys(tree)).toEqual(["Field", "Autumn", "Waiting", "Notes"]);
  await tree.toggle("Field");
  await tree.toggle("Field");
  expect(platform.calls, "what was read once is kept").toHaveLength(2);
});

it("a_long_branch_comes_in_pages", async () => {
  const tree = new TreeState(treePlatform());
  await tree.loadRoots();
  await tree.open("Notes");
  expect(tree.lines.at(-1)).toMatchObject({ kind: "more", left: 20, level: 2 });
  await tree.more("Notes");
  expect(tree.lines.at(-1)).toMatchObject({ kind: "row", posinset: 120, setsize: 120 });
});

it("an_address_opens_the_way_down_to_its_row", async () => {
  const tree = new TreeState(treePlatform());
  await tree.reveal("Owl");
  expect(keys(tree)).toContain("Owl");
  expect(tree.current).toBe("Owl");
});

it("a_row_on_a_later_page_is_found", async () => {
  const tree = new TreeState(treePlatform());
  await tree.reveal("leaf 110");
  expect(tree.current).toBe("leaf 110");
});

it("typed_letters_lead_to_the_row_that_begins_with_them", async () => {
  let now = 0;
  const tree = new TreeState(treePlatform(), () => now);
  await tree.loadRoots();
  await tree.open("Field");
  tree.key("w");
  expect(tree.current).toBe("Waiting");
  now = 5000;
  tree.key("n");
  tree.key("o");
  expect(tree.current).toBe("Notes");
});

it("the_whole_tree_is_reached_by_keyboard", async () => {
  const select = vi.fn();
  const actions = { folder: vi.fn(), files: vi.fn(), samples: vi.fn(), note: vi.fn() };
  const details = createRawSnippet(() => ({ render: () => "<p>details</p>" }));
  render(Tree, { tree: new TreeState(treePlatform()), selected: null, select, actions, details });
  await settle();
  const focused = () => document.activeElement?.getAttribute("data-key");
  const press = async (key: string) => {
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await settle();
  };
  const [first] = screen.getAllByTestId("tree-item");
  expect(first?.tabIndex, "Tab leads to one row of the tree").toBe(0);
  expect(screen.getAllByTestId("tree-item").filter((item) => item.tabIndex === 0)).toHaveLength(1);
  first?.focus();
  await press("ArrowRight");
  expect(first?.getAttribute("aria-expanded")).toBe("true");
  await press("ArrowRight");
  expect(focused()).toBe("Autumn");
  const autumn = document.activeElement;
  expect(["level", "posinset", "setsize"].map((name) => autumn?.getAttribute(`aria-${name}`))).toEqual(["2", "1", "2"]);
  await press("Enter");
  expect(select).toHaveBeenCalledWith("Autumn");
  await press("End");
  expect(focused()).toBe("Notes");
  await press("Home");
  expect(focused()).toBe("Field");
  await press("ArrowDown");
  await press("ArrowLeft");
  expect(focused(), "left from a closed row goes to its parent").toBe("Field");
  await press("ArrowLeft");
  expect(screen.getAllByTestId("tree-item"), "left on an open row closes it").toHaveLength(2);
});

it("the_tree_does_what_the_sheet_of_shortcuts_says", async () => {
  const tree = new TreeState(treePlatform());
  await tree.loadRoots();
  for (const name of ["treeMove", "treeOpen", "treeClose", "treeEnds"] as const) {
    for (const { key } of strokesOf(name)) expect(tree.key(key), key).toBe(true);
  }
});

import { SvelteSet } from "svelte/reactivity";
import { expect, it, vi } from "vitest";
import { ASK, Palette, RESULTS_MAX, type Command, type CommandGroup } from "./palette.svelte";

const command = (id: string, group: CommandGroup, title = id): Command => ({ id, group, title, icon: "file", run: vi.fn() });
const some = [
  command("copy", "actions", "Copy the report"),
  command("tree", "places", "Tree"),
  command("recall", "places", "Recall"),
  command("filters", "here", "Clear the filters"),
  command("notes", "sources", "Open Notes"),
];

function open(all: Command[] = some, ask: boolean = true): Palette {
  const palette = new Palette(
    () => all,
    (text) => (ask ? command(ASK, "actions", `Ask: ${text}`) : null),
  );
  palette.show();
  return palette;
}

const ids = (palette: Palette) => palette.results.map(({ id }) => id);

it("with_nothing_typed_places_come_before_actions_and_sources_wait_to_be_named", () => {
  expect(ids(open())).toEqual(["tree", "recall", "filters", "copy"]);
});

it("what_was_typed_can_always_be_asked_but_comes_last", () => {
  const palette = open();
  palette.query = "tree";
  expect(ids(palette)).toEqual(["tree", ASK]);
  palette.query = "how old is the beech";
  expect([ids(palette), palette.nothing]).toEqual([[ASK], true]);
});

it("when_nothing_can_be_asked_nothing_may_be_found", () => {
  const palette = open(some, false);
  palette.query = "volcano";
  expect([ids(palette), palette.active, palette.nothing]).toEqual([[], null, true]);
  expect(palette.key("ArrowDown")).toBe(true);
  palette.key("Enter");
  expect(palette.open, "there is nothing for Enter to run").toBe(true);
});

it("arrows_go_round_and_home_and_end_lead_to_the_ends", () => {
  const palette = open();
  expect(palette.active?.id).toBe("tree");
  palette.key("ArrowUp");
  expect(palette.active?.id).toBe("copy");
  palette.key("ArrowDown");
  expect(palette.active?.id).toBe("tree");
  palette.key("End");
  expect(palette.active?.id).toBe("copy");
  palette.key("Home");
  expect(palette.active?.id).toBe("tree");
  palette.key("PageDown");
  expect(palette.active?.id).toBe("copy");
});

it("typing_makes_the_nearest_active_again", () => {
  const palette = open();
  palette.key("End");
  palette.query = "re";
  expect(palette.active?.id).toBe("recall");
});

it("a_command_runs_once_and_only_when_the_palette_is_gone", () => {
  const palette = open();
  palette.query = "notes";
  const { active } = palette;
  palette.key("Enter");
  expect(palette.open).toBe(false);
  expect(active?.run, "the focus is not back yet").not.toHaveBeenCalled();
  palette.closed();
  palette.closed();
  expect(active?.run).toHaveBeenCalledOnce();
});

it("a_palette_that_is_dismissed_does_nothing_and_begins_anew", () => {
  const palette = open();
  palette.query = "tree";
  const { active } = palette;
  palette.dismiss();
  palette.closed();
  expect(active?.run).not.toHaveBeenCalled();
  palette.show();
  expect(palette.query).toBe("");
});

it("a_command_that_goes_away_leaves_another_one_active", () => {
  const gone = new SvelteSet<string>();
  const palette = new Palette(
    () => some.filter(({ id }) => !gone.has(id)),
    () => null,
  );
  palette.show();
  palette.key("End");
  gone.add("copy");
  expect(palette.active?.id).toBe("tree");
});

it("a_great_many_sources_do_not_fill_the_page", () => {
  const palette = open(Array.from({ length: 500 }, (_, index) => command(`s${index}`, "sources", `Open Notes ${index}`)));
  palette.query = "notes";
  expect(palette.results).toHaveLength(RESULTS_MAX + 1);
});

it("all_is_read_only_while_it_is_open", () => {
  const all = vi.fn(() => some);
  const palette = new Palette(all, () => null);
  expect(palette.results).toEqual([]);
  expect(all).not.toHaveBeenCalled();
});

import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { handPlatform, settle } from "../../testing/platform";
import type { MovePlan } from "../../wire/MovePlan";
import type { Place } from "../../wire/Place";
import MemoryPlace from "./MemoryPlace.svelte";
import { PlaceState } from "./place.svelte";

const placeOf = (part: Partial<Place> = {}): Place => ({
  folder: "/home/ada/.local/share/oldgrowth",
  there: true,
  bytes: 206_400_000,
  usual: "/home/ada/.local/share/oldgrowth",
  fixed: null,
  other_disk: false,
  left: [],
  moving: null,
  ...part,
});

const planOf = (part: Partial<MovePlan> = {}): MovePlan => ({
  from: "/home/ada/.local/share/oldgrowth",
  to: "/media/oak/memory",
  refusal: null,
  warnings: ["other_disk"],
  items: [{ what: "store", files: 2, bytes: 46_100_000 }],
  bytes: 46_100_000,
  needed_bytes: 110_000_000,
  free_bytes: 900_000_000,
  foreign_files: 1,
  ...part,
});

const left = { folder: "/home/ada/old", kind: "old", there: true, bytes: 46_100_000, moved_at: "2026-11-18T20:15:30Z" } as const;

async function open(part: Partial<Place> = {}) {
  const platform = handPlatform(["/media/oak/memory"]);
  const onDone = vi.fn();
  const state = new PlaceState(platform, onDone);
  render(MemoryPlace, { state });
  const loading = state.load();
  platform.next("place").answer(placeOf(part));
  await loading;
  await settle();
  return { platform, state, onDone };
}

it("the_place_says_where_how_large_and_shows_its_folder", async () => {
  const { platform } = await open();
  expect(screen.getByTestId("place-folder").textContent).toBe("~/.local/share/oldgrowth");
  expect(screen.getByTestId("place-size").textContent).toContain("206 MB");
  await fireEvent.click(screen.getByTestId("place-show"));
  expect(platform.showPlace).toHaveBeenCalledWith("/home/ada/.local/share/oldgrowth");
});

it("nothing_moves_before_it_was_looked_at_and_confirmed", async () => {
  const { platform, state, onDone } = await open();
  await fireEvent.click(screen.getByTestId("place-move"));
  await settle();
  expect(screen.getByTestId("move-confirm")).toHaveProperty("disabled", true);
  platform.next("move_plan").answer(planOf());
  await settle();
  expect(screen.getByTestId("move-item").textContent).toContain("46.1 MB");
  expect(screen.getByTestId("move-warning").textContent).toContain("another disk");
  expect(platform.pending).toHaveLength(0);
  await fireEvent.click(screen.getByTestId("move-confirm"));
  const move = platform.next("move_start");
  expect(move.params).toEqual({ folder: "/media/oak/memory" });
  state.apply({ stage: "copying", to: "/media/oak/memory", done: 1, of: 4, bytes_per_second: 1, eta_seconds: 3 });
  expect(state.moving?.stage).toBe("copying");
  move.answer(placeOf({ folder: "/media/oak/memory", left: [left] }));
  await settle();
  platform.next("place").answer(placeOf({ folder: "/media/oak/memory", left: [left] }));
  await settle();
  expect(state.moving).toBeNull();
  expect(onDone).toHaveBeenCalledWith("moved");
  expect(screen.getByTestId("copy-left").textContent).toContain("46.1 MB");
});

it("a_refused_folder_says_why_and_another_memory_can_be_opened", async () => {
  const { platform } = await open();
  await fireEvent.click(screen.getByTestId("place-move"));
  await settle();
  const refusal = { problem: "other_memory", message: "another memory lives in this folder", hint: "open that one instead" } as const;
  platform.next("move_plan").answer(planOf({ refusal }));
  await settle();
  expect(screen.getByTestId("move-refused").textContent).toContain("Another memory lives in this folder.");
  expect(screen.queryByTestId("move-confirm")).toBeNull();
  await fireEvent.click(screen.getByTestId("move-open-other"));
  expect(platform.next("place_use").params).toEqual({ folder: "/media/oak/memory" });
});

it("a_move_that_fails_or_is_called_off_says_so_and_keeps_the_place", async () => {
  const { platform, state, onDone } = await open();
  for (const code of ["disk_full", "cancelled"] as const) {
    const proposing = state.propose("/media/oak/memory");
    platform.next("move_plan").answer(planOf());
    await proposing;
    const moving = state.confirmMove();
    platform.next("move_start").fail({ code, message: "the disk is full", hint: null });
    await settle();
    platform.next("place").answer(placeOf());
    await moving;
    expect(state.place?.folder).toBe("/home/ada/.local/share/oldgrowth");
    expect(state.failure?.code ?? null).toBe(code === "disk_full" ? "disk_full" : null);
  }
  expect(onDone.mock.calls).toEqual([["stopped"]]);
});

it("a_copy_is_removed_only_when_that_was_asked_and_confirmed", async () => {
  const { platform } = await open({ left: [left] });
  await fireEvent.click(screen.getByTestId("left-remove"));
  expect(screen.getByTestId("remove-copy-dialog").textContent).toContain("Only files that Oldgrowth made");
  expect(platform.pending).toHaveLength(0);
  await fireEvent.click(screen.getByTestId("remove-copy-confirm"));
  const removing = platform.next("copy_left_remove");
  expect(removing.params).toEqual({ folder: left.folder });
  removing.answer(placeOf());
  await settle();
  expect(screen.queryByTestId("copy-left")).toBeNull();
  expect(screen.getByTestId("place-done").textContent).toContain("removed");
});

it("a_folder_that_was_named_at_the_start_stays_where_it_is", async () => {
  await open({ fixed: "its folder was named" });
  expect(screen.getByTestId("place-move")).toHaveProperty("disabled", true);
});

import { screen } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import type { AppState } from "./app.svelte";
import type { Scenario } from "./platform/fake";
import { settle } from "./testing/platform";
import { openWindow } from "./testing/window";

beforeEach(() => {
  history.replaceState(null, "", "#/recall");
});

async function open(scenario: Scenario): Promise<AppState> {
  const { app } = await openWindow(scenario, location.hash);
  // The window shows itself before it knows how everything is.
  if (app.phase === "open") await expect.poll(() => app.health.status).not.toBeNull();
  return app;
}

it("a_store_that_fails_opens_the_window_on_the_doctor", async () => {
  await open("error");
  expect((await screen.findByTestId("doctor-headline")).textContent).toContain("can’t be opened");
  expect(location.hash).toBe("#/doctor");
});

it("a_memory_held_by_another_fills_the_page_and_can_be_tried_again", async () => {
  await open("held");
  expect((await screen.findByTestId("held")).textContent).toContain("process 4182");
  expect(screen.getByTestId("held-retry")).toHaveProperty("disabled", false);
  expect(screen.queryByTestId("nav-recall")).toBeNull();
});

it("places_are_reached_by_number_and_the_box_by_a_slash", async () => {
  await open("full");
  const press = (init: KeyboardEventInit) => window.dispatchEvent(new KeyboardEvent("keydown", { ...init, cancelable: true }));
  press({ key: "4", ctrlKey: true });
  expect((await screen.findAllByTestId("ledger-row")).length).toBeGreaterThan(0);
  press({ key: "/" });
  const box = await screen.findByTestId("question-box");
  await expect.poll(() => document.activeElement).toBe(box);
});

it("a_move_fills_the_window_and_leaves_it_as_it_was", async () => {
  const app = await open("full");
  app.router.go({ place: "tree", id: null });
  await screen.findAllByTestId("tree-item");
  app.hear({ event: "move", stage: "copying", to: "/media/oak", done: 1, of: 4, bytes_per_second: 1, eta_seconds: 3 });
  expect((await screen.findByTestId("moving")).textContent).toContain("25 %");
  expect(screen.queryAllByTestId("tree-item")).toHaveLength(0);
  const { status } = app.health;
  if (status === null) throw new Error("the window has asked for the status");
  app.hear({ event: "health", ...status, seq: status.seq + 900, headline: "closed for the move" });
  expect(app.health.status?.headline, "a store that closes for a move has not failed").toBe(status.headline);
  app.hear({ event: "place_changed" });
  app.hear({ event: "health", ...status, seq: 0, headline: "open at its new place" });
  expect(app.health.status?.headline, "the memory counts anew").toBe("open at its new place");
  expect((await screen.findAllByTestId("tree-item")).length).toBeGreaterThan(0);
  expect(location.hash).toBe("#/tree");
});

it("a_lost_place_offers_the_old_copy_and_begins_nothing", async () => {
  await open("lost");
  expect((await screen.findByTestId("held")).textContent).toContain("which is not there");
  (await screen.findByTestId("use-old")).click();
  expect(await screen.findByTestId("question-box")).toBeTruthy();
});

it("a_store_that_fails_while_one_works_opens_the_doctor_and_leaves_a_note_being_written", async () => {
  const app = await open("full");
  const now = app.health.status;
  if (now === null) throw new Error("the window has asked for the status");
  const store = (state: "ok" | "fail", seq: number) =>
    app.hear({ event: "health", ...now, seq, state, components: now.components.map((row) => (row.code === "store" ? { ...row, state } : row)) });
  app.note.open = true;
  store("fail", now.seq + 1);
  await settle();
  expect(location.hash, "the note stays in sight").toBe("#/recall");
  app.note.open = false;
  await settle();
  expect(location.hash).toBe("#/doctor");
  app.router.go({ place: "settings" });
  store("fail", now.seq + 2);
  await settle();
  expect(location.hash, "it opens once for a failure").toBe("#/settings");
});

it("an_older_health_event_changes_nothing", async () => {
  const app = await open("full");
  const now = app.health.status;
  if (now === null) throw new Error("the window has asked for the status");
  app.hear({ event: "health", ...now, seq: now.seq - 1, headline: "old news" });
  expect(app.health.status?.headline).toBe(now.headline);
});

it("a_copy_is_opened_where_the_memorys_place_is_chosen", async () => {
  const { app, platform } = await openWindow("full");
  const call = vi.spyOn(platform, "call");
  app.fixes.shown = true;
  app.fixes.viewed = "r1";
  await app.openCopy("/home/ada/memory-copy-1");
  expect(call).toHaveBeenCalledWith("place_use", { folder: "/home/ada/memory-copy-1" });
  expect(location.hash, "where what comes of it is said").toBe("#/settings/place");
  expect(app.fixes.dialogOpen, "its receipt is put away").toBe(false);
});

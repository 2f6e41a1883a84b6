import { render, screen, within } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import type { DoctorAt } from "../../shared/route";
import { Fixes } from "../../state/fixes.svelte";
import { Health } from "../../state/health.svelte";
import { TimelineState } from "../../state/timeline.svelte";
import { t } from "../../strings";
import { componentOf, handPlatform, settle, statusOf } from "../../testing/platform";
import type { Component } from "../../wire/Component";
import type { Happened } from "../../wire/Happened";
import Doctor from "./Doctor.svelte";

function open(rows: Partial<Component>[], at: DoctorAt | null = null) {
  const platform = handPlatform();
  const health = new Health(platform);
  const fixes = new Fixes(platform, () => {});
  const timeline = new TimelineState(platform);
  const showFolder = vi.fn();
  const report = vi.fn();
  health.apply({ ...statusOf(1), components: rows.map(componentOf) });
  const view = render(Doctor, { health, fixes, timeline, at, report, showFolder });
  return { platform, health, fixes, timeline, showFolder, report, view };
}

const finding = (code: string): HTMLElement => {
  const found = screen.getAllByTestId("finding").find(({ dataset }) => dataset["code"] === code);
  if (found === undefined) throw new Error(`${code} needs no attention`);
  return found;
};

it("a_store_that_fails_can_be_tried_now", async () => {
  const { platform, health } = open([{ code: "store", state: "fail", fixes: ["try_again"] }]);
  expect(screen.getByTestId("component-row").dataset).toMatchObject({ code: "store", state: "fail" });
  expect(screen.queryByTestId("fix"), "trying needs no plan, so it is offered once").toBeNull();
  screen.getByTestId("try-now").click();
  platform.next("store_try_now").answer(statusOf(2));
  await settle();
  expect(screen.getByTestId("doctor-headline").textContent).toBe("status 2");
  expect([screen.queryByTestId("try-now"), health.storeFails], "there is nothing to try when the store is well").toEqual([null, false]);
});

it("a_state_is_told_by_a_word_and_not_by_colour_alone", () => {
  open([{ code: "store" }, { code: "orphans", state: "crashed" }]);
  expect(screen.getAllByTestId("component-row").map(({ textContent }) => /Well|Check broke/.exec(textContent)?.[0])).toEqual(["Well", "Check broke"]);
});

it("what_waits_for_a_finding_is_folded_under_it", () => {
  open([
    { code: "store", state: "fail" },
    { code: "jobs", state: "unknown", waits_for: "store" },
    { code: "tree", state: "warn", waits_for: "store" },
  ]);
  expect(screen.getAllByTestId("finding")).toHaveLength(1);
  const folded = within(finding("store")).getByTestId("waiting");
  expect(folded.textContent).toContain("2 other checks wait for this");
  expect(within(folded).getAllByTestId("waiting-row").map(({ dataset }) => dataset["code"])).toEqual(["jobs", "tree"]);
});

it("evidence_of_a_finding_is_open_and_its_values_are_copied_as_they_are", async () => {
  const written = vi.fn(async () => {});
  Object.defineProperty(navigator, "clipboard", { value: { writeText: written }, configurable: true });
  open([{ code: "coverage", state: "warn", evidence: [{ label: "First", value: "/home/ada/roof.md", redacted: "file.md" }] }]);
  const card = finding("coverage");
  expect(card.querySelector("details")?.open).toBe(true);
  expect(card.textContent).toContain("~/roof.md");
  within(card).getByTestId("copy-value").click();
  await settle();
  expect(written).toHaveBeenCalledWith("/home/ada/roof.md");
});

it("a_broken_check_is_said_to_be_our_fault", () => {
  open([{ code: "orphans", state: "crashed", cause: "It ended early." }]);
  expect(finding("orphans").textContent).toContain(t.doctor.crashed);
});

it("safe_mode_explains_each_way_on_and_shows_the_folder", () => {
  const codes = ["try_again", "open_copy", "restore_backup", "start_fresh"] as const;
  const { showFolder } = open([{ code: "store", state: "fail", fixes: [...codes] }]);
  const card = finding("store");
  for (const code of codes) expect(card.textContent).toContain(t.doctor.fixesAbout[code]);
  within(card).getByTestId("finding-folder").click();
  expect(showFolder).toHaveBeenCalledWith("/home/ada/memory");
});

it("where_the_disk_is_full_the_first_button_leads_to_what_takes_space", () => {
  open([
    { code: "store", state: "fail", fixes: ["try_again"] },
    { code: "space", state: "fail" },
  ]);
  for (const code of ["store", "space"]) {
    const [first] = finding(code).querySelectorAll<HTMLElement>("a.button, button.button");
    expect([first?.getAttribute("href"), first?.textContent, first?.className]).toEqual(["#/settings/storage", t.doctor.leads.storage, expect.stringContaining("primary")]);
    expect(finding(code).querySelectorAll(".primary"), "and nothing else stands out").toHaveLength(1);
  }
  expect(within(finding("store")).getByTestId("try-now")).toBeTruthy();
});

it("a_store_that_fails_on_a_disk_with_room_leads_to_the_backups", () => {
  open([{ code: "store", state: "fail", fixes: ["restore_backup", "open_copy"] }, { code: "space" }]);
  const card = finding("store");
  expect(within(card).queryByTestId("finding-lead")).toBeNull();
  expect(card.querySelector("a.lead")?.getAttribute("href")).toBe("#/settings/backup");
});

it("what_no_fix_mends_leads_first_to_where_it_is_done_by_hand", () => {
  open([{ code: "kept_aside", state: "warn" }, { code: "orphans", state: "crashed" }]);
  expect(within(finding("kept_aside")).getByTestId("finding-lead").getAttribute("href")).toBe("#/settings/backup");
  expect(within(finding("orphans")).queryByTestId("finding-lead"), "nothing is known of it").toBeNull();
});

it("checks_are_found_by_words_and_by_state", async () => {
  open([{ code: "store" }, { code: "space", group: "store", state: "warn" }, { code: "jobs", group: "work" }]);
  const rows = (): (string | undefined)[] => screen.queryAllByTestId("component-row").map(({ dataset }) => dataset["code"]);
  const box = screen.getByTestId("check-filter") as HTMLInputElement;
  box.value = "DISK room";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
  expect(rows()).toEqual(["space"]);
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  const chip = screen.getAllByTestId("state-chip").find(({ dataset }) => dataset["state"] === "ok");
  chip?.click();
  await settle();
  expect([rows(), chip?.getAttribute("aria-pressed")]).toEqual([["store", "jobs"], "true"]);
});

it("a_check_that_nobody_has_run_says_so_and_runs_alone", async () => {
  const { platform } = open([{ code: "store" }, { code: "integrity", state: "unknown", on_demand: true }]);
  const row = screen.getAllByTestId("component-row")[1] as HTMLElement;
  expect(row.textContent).toContain(t.doctor.notRunYet);
  within(row).getByTestId("check-run").click();
  await settle();
  expect(platform.next("checks_run").params).toEqual({ codes: ["integrity"] });
  expect(within(row).getByTestId("check-running")).toBeTruthy();
  expect(screen.getByTestId("run-all").getAttribute("aria-disabled"), "the others can be run meanwhile").toBe("false");
});

it("a_check_named_by_the_address_is_opened", async () => {
  Element.prototype.scrollIntoView = vi.fn();
  open([{ code: "store" }, { code: "clock", group: "app" }], "clock");
  await settle();
  const row = screen.getAllByTestId("component-row").find(({ dataset }) => dataset["code"] === "clock") as HTMLElement;
  expect(within(row).getByTestId("check-more").hidden).toBe(false);
  expect(document.activeElement).toBe(row);
});

it("each_kind_of_entry_leads_to_what_it_is_about", async () => {
  const what: Happened[] = [
    { kind: "health", code: "space", from: "ok", to: "warn", cause: "Little is left." },
    { kind: "import", batch: "b1", label: "Notes", added: 3, failed: 1 },
    { kind: "fix", receipt: "r1", code: "fold_log", summary: "Brought over.", undone: true },
    { kind: "crash", place: "engine.rs:3" },
    { kind: "ended_badly" },
    { kind: "started", version: "0.2.0", updated_from: "0.1.0" },
  ];
  const { platform, fixes } = open([{ code: "store" }], "timeline");
  const days = [{ day: "2026-11-19", state: null }, { day: "2026-11-20", state: "fail" as const }];
  platform.next("timeline").answer({ entries: what.map((one, index) => ({ number: 9 - index, at: new Date(2026, 10, 20, 9).toISOString(), what: one })), more: false, days });
  await settle();
  const [health, imported, fix] = screen.getAllByTestId("happened");
  expect(health?.querySelector("a")?.getAttribute("href")).toBe("#/doctor/space");
  expect(health?.textContent).toContain("from Well to Attention");
  expect(imported?.querySelector("a")?.getAttribute("href")).toBe("#/sources/import/b1");
  fix?.querySelector("button")?.click();
  expect(fixes.viewed).toBe("r1");
  expect(fix?.textContent).toContain(t.doctor.happened.fixUndone);
  expect(screen.getAllByTestId("strip-day").map(({ textContent }) => textContent.trim()), "words, not colour alone").toEqual([
    expect.stringContaining(t.doctor.happened.dayOff),
    expect.stringContaining("Problem"),
  ]);
});

it("a_timeline_with_nothing_in_it_says_what_will_stand_there", async () => {
  const { platform } = open([{ code: "store" }], "timeline");
  platform.next("timeline").answer({ entries: [], more: false, days: [] });
  await settle();
  expect(screen.getByTestId("timeline-empty").textContent).toContain(t.doctor.happened.emptyTitle);
});

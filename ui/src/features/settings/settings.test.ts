import { render, screen, within } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { CharacterKeys } from "../../state/keys.svelte";
import { ModelsState } from "../../state/models.svelte";
import { NetworkState } from "../../state/network.svelte";
import { ReportsState } from "../../state/reports.svelte";
import { Theme } from "../../state/theme.svelte";
import { handPlatform, modelsOf, networkOf, settle, unavailable, type HandPlatform } from "../../testing/platform";
import type { Backup } from "../../wire/Backup";
import type { Copies } from "../../wire/Copies";
import type { Place } from "../../wire/Place";
import type { CrashReports } from "../../wire/CrashReports";
import type { Settings as SettingsValue } from "../../wire/Settings";
import type { Storage } from "../../wire/Storage";
import { CopiesState } from "./copies.svelte";
import { t } from "../../strings";
import { ShellState } from "../../state/shell.svelte";
import { Limits } from "./limits.svelte";
import { PlaceState } from "./place.svelte";
import Settings from "./Settings.svelte";
import { StorageState } from "./storage.svelte";

const noReports: CrashReports = { consent: "no", asked: true, host: null, held: [], offline: false, last_sent_at: null, next_try_at: null, folder: "/r", example: "" };

const backupOf = (id: string, part: Partial<Backup> = {}): Backup => ({
  id,
  path: `/m/backups/${id}.db`,
  made_at: "2026-11-19T19:04:12Z",
  kind: "recent",
  rows: [
    { table: "chunks", rows: 12 },
    { table: "documents", rows: 1 },
    { table: "jobs", rows: 9 },
  ],
  bytes: 46_100_000,
  verified_at: "2026-11-19T19:04:12Z",
  problem: null,
  ...part,
});

const copiesOf = (part: Partial<Copies> = {}): Copies => ({
  backups: [backupOf("b2"), backupOf("b1", { verified_at: null, problem: "its content has changed" })],
  kept_aside: [
    { id: "s1", path: "/m/quarantine/s1", made_at: "2026-11-12T07:44:55Z", reason: "a copy was restored in its place", by_person: true, only_copy: true, bytes: 5_000_000, restorable: true },
  ],
  running: null,
  last_failure: null,
  damage: null,
  readable: true,
  folder: "/home/ada/m/backups",
  ...part,
});

const limitsOf = (part: Partial<SettingsValue["long_reads_max"]> = {}): SettingsValue => ({
  long_reads_max: { chosen: null, in_use: 2, default: 2, most: 64, problem: null, ...part },
});

async function open(copies: Partial<Copies> = {}, limits: Partial<SettingsValue["long_reads_max"]> = {}) {
  const platform: HandPlatform = handPlatform();
  const onDone = vi.fn();
  const state = new CopiesState(platform, onDone);
  render(Settings, {
    place: new PlaceState(platform, vi.fn()),
    storage: new StorageState(platform),
    copies: state,
    limits: new Limits(platform),
    network: new NetworkState(platform),
    models: new ModelsState(platform),
    reports: new ReportsState(platform, vi.fn()),
    theme: new Theme(),
    keys: new CharacterKeys(),
    shell: new ShellState(platform),
    section: null,
    returnTo: () => null,
    shortcuts: vi.fn(),
  });
  platform.next("crash_reports").answer(noReports);
  platform.next("network").answer(networkOf());
  platform.next("models").answer(modelsOf());
  platform.next("place").answer({ folder: "/m", there: true, bytes: 1, usual: "/m", fixed: null, other_disk: false, left: [], moving: null } satisfies Place);
  platform.next("storage").answer({ sources: [], parts: [], total_bytes: 0, counted_at: null } satisfies Storage);
  platform.next("copies").answer(copiesOf(copies));
  platform.next("settings_get").answer(limitsOf(limits));
  await settle();
  return { platform, state, onDone };
}

const cancelled = { code: "cancelled", message: "the backup was stopped", hint: null } as const;
const preview = {
  id: "b2",
  made_at: "2026-11-19T19:04:12Z",
  schema_version: 1,
  is_older: false,
  here_written_at: null,
  here_bytes: 48_000_000,
  tables: [
    { table: "chunks", there: 12, here: 20, newer_here: 8 },
    { table: "documents", there: 1, here: 3, newer_here: 2 },
    { table: "jobs", there: 9, here: 90, newer_here: 81 },
  ],
};

it("each_backup_says_when_how_large_and_whether_it_is_sound", async () => {
  await open();
  const [sound, broken] = screen.getAllByTestId("backup-row");
  expect(sound?.textContent).toContain("46.1 MB · 1 document, 12 passages");
  expect(sound?.textContent).toContain("Sound");
  expect(broken?.textContent).toContain("Its content has changed.");
  expect(broken?.textContent).toContain("Can’t be used");
  expect(screen.getByTestId("kept-aside-row").textContent).toContain("may be the only copy");
});

it("without_backups_the_page_says_how_one_comes_to_be", async () => {
  await open({ backups: [], kept_aside: [] });
  expect(screen.getByTestId("no-backups").textContent).toContain("no backup yet");
  expect(screen.queryByTestId("kept-aside-row")).toBeNull();
});

it("of_a_memory_that_can_t_be_read_no_backup_is_offered", async () => {
  await open({ readable: false });
  const now = screen.getByTestId("backup-now");
  expect([now.hasAttribute("disabled"), now.title]).toEqual([true, t.backup.unreadable]);
});

it("a_set_that_turns_out_to_be_garbage_says_what_was_tried_and_not_that_the_memory_needs_somebody", async () => {
  const { platform } = await open();
  screen.getByTestId("restore-set").click();
  platform.next("restore_preview").fail({ code: "needs_person", message: "these files were read through", hint: "nothing has been changed" });
  await settle();
  const told = screen.getByTestId("restore-dialog").textContent;
  for (const said of [t.backup.preview.cannot, "These files were read through", t.backup.untouched]) expect(told).toContain(said);
  expect(told).not.toContain(t.errors.needsPerson);
});

it("a_backup_shows_its_progress_and_is_told_when_it_is_made", async () => {
  const { platform, state, onDone } = await open();
  screen.getByTestId("backup-now").click();
  const made = platform.next("backup_make");
  expect(made.params).toEqual({ to: null });
  state.apply({ work: "backup", done: 3, of: 10 });
  await settle();
  expect(within(screen.getByTestId("copy-progress")).getByRole("progressbar")).toHaveProperty("value", 3);
  expect(screen.getByTestId("backup-now"), "one at a time").toHaveProperty("disabled", true);
  made.answer(backupOf("b3"));
  await settle();
  platform.next("copies").answer(copiesOf({ backups: [backupOf("b3"), backupOf("b2")] }));
  await settle();
  expect(screen.queryByTestId("copy-progress")).toBeNull();
  expect(screen.getByTestId("copy-done").textContent).toContain("made");
  expect(onDone).toHaveBeenCalledWith({ what: "made" });
});

it("a_stopped_backup_is_no_error", async () => {
  const { platform, state } = await open();
  screen.getByTestId("backup-now").click();
  state.apply({ work: "backup", done: 1, of: 10 });
  await settle();
  screen.getByTestId("copy-cancel").click();
  platform.next("copy_cancel").answer({});
  platform.next("backup_make").fail(cancelled);
  await settle();
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByTestId("copy-done").textContent).toContain("Nothing was left behind");
});

it("a_backup_that_fails_says_why_and_that_nothing_changed", async () => {
  const { platform } = await open();
  screen.getByTestId("backup-now").click();
  platform.next("backup_make").fail({ code: "disk_full", message: "the disk is full", hint: "free some space" });
  await settle();
  expect(screen.getByRole("alert").textContent).toContain("Free some space");
  expect(screen.getByRole("alert").textContent).toContain("as it was");
});

it("nothing_is_restored_before_the_preview_was_seen_and_confirmed", async () => {
  const { platform, onDone } = await open();
  const [button] = screen.getAllByTestId("restore");
  button?.click();
  await settle();
  expect(screen.getByTestId("restore-confirm")).toHaveProperty("disabled", true);
  platform.next("restore_preview").answer(preview);
  await settle();
  const rows = screen.getAllByTestId("preview-row").map((row) => row.textContent);
  expect(rows, "a person is told of what they know, not of jobs").toEqual(["Documents13", "Passages1220"]);
  expect(screen.getByTestId("restore-dialog").textContent).toContain("2 documents that came after this copy");
  expect(platform.pending.some(({ method }) => method === "restore"), "looking changes nothing").toBe(false);
  screen.getByTestId("restore-confirm").click();
  const restore = platform.next("restore");
  expect(restore.params).toEqual({ id: "b2" });
  restore.answer({ set_aside: "s2" });
  await settle();
  await expect.poll(() => screen.queryByTestId("restore-dialog")).toBeNull();
  expect(screen.getByTestId("copy-done").textContent).toContain("kept aside");
  expect(onDone).toHaveBeenCalledWith({ what: "restored", setAside: "s2" });
});

it("a_restore_that_is_refused_keeps_the_dialog_and_says_so", async () => {
  const { platform } = await open();
  screen.getByTestId("restore-set").click();
  platform.next("restore_preview").answer({ ...preview, id: "s1" });
  await settle();
  screen.getByTestId("restore-confirm").click();
  platform.next("restore").fail(unavailable);
  await settle();
  expect(screen.getByTestId("restore-dialog").textContent).toContain("Your memory is as it was.");
});

it("what_is_kept_aside_goes_only_after_a_yes", async () => {
  const { platform } = await open();
  screen.getByTestId("discard").click();
  await settle();
  expect(screen.getByTestId("ask-dialog").textContent).toContain("only copy of something");
  expect(platform.pending).toHaveLength(0);
  screen.getByTestId("ask-confirm").click();
  expect(platform.next("kept_aside_discard").params).toEqual({ id: "s1" });
});

it("a_damaged_log_is_told_with_both_ways_on", async () => {
  const { platform } = await open({ damage: 3 });
  expect(screen.getByTestId("damage").textContent).toContain("3 changes lie behind the damage");
  screen.getByTestId("damage-accept").click();
  await settle();
  screen.getByTestId("ask-confirm").click();
  expect(platform.next("damage_accept").params).toEqual({});
});

it("the_limit_takes_whole_numbers_from_nought_and_nothing_else", async () => {
  const { platform } = await open();
  const field = screen.getByTestId<HTMLInputElement>("long-reads");
  const save = screen.getByTestId("long-reads-save");
  const type = async (text: string) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await settle();
  };
  for (const wrong of ["-1", "1.5", "many", "", "65"]) {
    await type(wrong);
    expect(save, wrong).toHaveProperty("disabled", true);
  }
  await type("0");
  save.click();
  const set = platform.next("settings_set");
  expect(set.params).toEqual({ name: "long_reads_max", value: 0 });
  set.answer(limitsOf({ chosen: 0, in_use: 0 }));
  await settle();
  screen.getByTestId("long-reads-default").click();
  expect(platform.next("settings_set").params).toEqual({ name: "long_reads_max", value: null });
});

it("a_setting_that_is_not_obeyed_is_told", async () => {
  await open({}, { problem: "what the file says is no whole number, so 2 is used" });
  expect(screen.getByText(/so 2 is used/)).toBeTruthy();
});

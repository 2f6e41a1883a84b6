import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, it } from "vitest";
import { handPlatform, settle } from "../../testing/platform";
import type { SourceStorage } from "../../wire/SourceStorage";
import type { Storage } from "../../wire/Storage";
import { StorageState } from "./storage.svelte";
import StorageTable from "./StorageTable.svelte";

const source = (name: string, documents: number, megabytes: number, passages: number | null): SourceStorage => ({
  id: name,
  name,
  path: null,
  documents,
  original_bytes: megabytes * 1_000_000,
  counted: passages === null ? null : { passages, text_bytes: passages * 1000 },
});

const storageOf = (part: Partial<Storage> = {}): Storage => ({
  sources: [source("Letters", 30, 1, 90), source("Field notes", 10, 3, 400)],
  parts: [
    { what: "texts", bytes: 60_000_000 },
    { what: "backups", bytes: 40_000_000 },
    { what: "log", bytes: 0 },
  ],
  total_bytes: 100_000_000,
  counted_at: "2026-11-20T08:12:00Z",
  ...part,
});

async function open(storage = storageOf()) {
  const platform = handPlatform();
  const state = new StorageState(platform);
  render(StorageTable, { state });
  const loading = state.load();
  const asked = platform.next("storage");
  expect(asked.params, "looking costs no count").toEqual({ count: false });
  asked.answer(storage);
  await loading;
  await settle();
  return { platform, state };
}

const names = (): (string | null | undefined)[] => screen.getAllByTestId("storage-source").map((row) => row.querySelector("th")?.textContent);

it("each_source_and_each_kind_has_its_number_and_its_share", async () => {
  await open();
  const rows = screen.getAllByTestId("storage-source").map((row) => row.textContent);
  expect(rows[0]).toContain("3 MB");
  expect(rows[0]).toContain("75 %");
  expect(screen.getAllByTestId("storage-part").map((row) => row.textContent)).toHaveLength(2);
  expect(screen.getByTestId("storage-total").textContent).toContain("100 MB");
});

it("a_column_sorts_and_says_so", async () => {
  await open();
  expect(names()).toEqual(["Field notes", "Letters"]);
  const [name, documents] = screen.getAllByTestId("storage-sort");
  if (name === undefined || documents === undefined) throw new Error("the columns have buttons");
  await fireEvent.click(documents);
  expect(names()).toEqual(["Letters", "Field notes"]);
  expect(documents.closest("th")?.getAttribute("aria-sort")).toBe("descending");
  await fireEvent.click(documents);
  expect(names()).toEqual(["Field notes", "Letters"]);
  expect(documents.closest("th")?.getAttribute("aria-sort")).toBe("ascending");
  await fireEvent.click(name);
  expect(names()).toEqual(["Field notes", "Letters"]);
});

it("a_large_memory_is_counted_when_somebody_asks", async () => {
  const large = storageOf({ sources: [source("Letters", 30, 1, null)], parts: [{ what: "main_file", bytes: 100_000_000 }], counted_at: null });
  const { platform } = await open(large);
  expect(screen.getByTestId("storage-source").textContent).toContain("–");
  await fireEvent.click(screen.getByTestId("storage-count"));
  expect(screen.getByTestId("storage-count")).toHaveProperty("disabled", true);
  const counting = platform.next("storage");
  expect(counting.params).toEqual({ count: true });
  counting.answer(storageOf());
  await settle();
  expect(screen.getAllByTestId("storage-source")[1]?.textContent).toContain("90");
});

import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import type { SourceStorage } from "../../wire/SourceStorage";
import type { Storage } from "../../wire/Storage";
import type { WireError } from "../../wire/WireError";

export const storageColumns = ["name", "documents", "passages", "read", "kept"] as const;
export type StorageColumn = (typeof storageColumns)[number];

/** What takes room, in the order that the person chose. */
export class StorageState {
  storage = $state.raw<Storage | null>(null);
  error = $state.raw<WireError | null>(null);
  counting = $state(false);
  by = $state<StorageColumn>("read");
  descending = $state(true);

  constructor(private readonly platform: Platform) {}

  sources: SourceStorage[] = $derived.by(() => {
    const sign = this.descending ? -1 : 1;
    return [...(this.storage?.sources ?? [])].sort((a, b) => sign * compare(a, b, this.by) || a.name.localeCompare(b.name));
  });

  /** The part of all that was read which is this source's, from 0 to 1. */
  share(source: SourceStorage): number {
    const all = (this.storage?.sources ?? []).reduce((sum, { original_bytes }) => sum + original_bytes, 0);
    return all === 0 ? 0 : source.original_bytes / all;
  }

  /** Numbers come largest first, names from A. The same column once more turns the order round. */
  sort(by: StorageColumn): void {
    this.descending = this.by === by ? !this.descending : by !== "name";
    this.by = by;
  }

  load(): Promise<void> {
    return this.#ask(false);
  }

  async count(): Promise<void> {
    if (this.counting) return;
    this.counting = true;
    await this.#ask(true);
    this.counting = false;
  }

  async #ask(count: boolean): Promise<void> {
    try {
      this.storage = await this.platform.call("storage", { count });
      this.error = null;
    } catch (thrown) {
      this.error = toWireError(thrown);
    }
  }
}

function compare(a: SourceStorage, b: SourceStorage, by: StorageColumn): number {
  switch (by) {
    case "name":
      return a.name.localeCompare(b.name);
    case "documents":
      return a.documents - b.documents;
    case "passages":
      return (a.counted?.passages ?? 0) - (b.counted?.passages ?? 0);
    case "read":
      return a.original_bytes - b.original_bytes;
    case "kept":
      return (a.counted?.text_bytes ?? 0) - (b.counted?.text_bytes ?? 0);
  }
}

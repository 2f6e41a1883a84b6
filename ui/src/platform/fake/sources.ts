import type { Ledger } from "../../wire/Ledger";
import type { SourceRemoval } from "../../wire/SourceRemoval";
import type { SourceRow } from "../../wire/SourceRow";
import type { Unread } from "../../wire/Unread";
import type { UnreadAt } from "../../wire/UnreadAt";
import type { UnreadItem } from "../../wire/UnreadItem";
import type { WireError } from "../../wire/WireError";
import { ledger } from "./views";

const PAGE = 200;
const SAMPLES = "src-samples";

const samples: SourceRow = {
  id: SAMPLES,
  name: "Sample memories",
  kind: "samples",
  service: null,
  path: "/usr/lib/oldgrowth/samples",
  found: 12,
  not_read: 0,
  documents: 12,
  chunked: 41,
  searchable: 41,
  in_tree: 41,
  summaries: 3,
  in_step: true,
  lost: false,
  last_import_at: "2026-11-20T08:00:00Z",
  last_batch: "imp-1",
  watched: false,
  watching: null,
};

/** Why a made-up file was not read. */
const reasons = [
  { reason: "not_supported", message: "a picture, which can't be read yet. Pictures, sound and programs are passed over", failed: false },
  { reason: "empty", message: "empty", failed: false },
  { reason: "not_allowed", message: "may not be opened. Change its permissions, then read the folder again", failed: true },
] as const;

/** The sources of the stand-in, and what can be done with them. */
export class FakeSources {
  #rows: SourceRow[];

  constructor(scenario: string) {
    const rows = ledger().sources;
    const [notes, ...others] = rows;
    switch (scenario) {
      case "watched":
        this.#rows = [{ ...notes!, watched: true, watching: { state: "watched", since: null, missing: 3 } }, ...others];
        break;
      case "gone":
        this.#rows = rows.map((row, index) => {
          if (row.kind !== "folder") return row;
          const state = index === 0 ? "not_there" : "too_many";
          const since = index === 0 ? "2026-11-20T07:31:12Z" : null;
          return { ...row, watched: true, watching: { state, since, missing: 0 } };
        });
        break;
      case "samples":
        this.#rows = [...rows, samples];
        break;
      case "many":
        this.#rows = Array.from({ length: 300 }, (_, index) => ({
          ...notes!,
          id: `src-${index}`,
          name: `Folder ${index + 1}`,
          path: `/home/ada/Projects/${index + 1}`,
          not_read: index % 3,
        }));
        break;
      default:
        this.#rows = rows;
    }
  }

  all(): Ledger {
    return { sources: this.#rows };
  }

  watch(id: string, on: boolean): Ledger {
    return this.#change(id, (row) => ({ ...row, watched: on, watching: on ? { state: "watched", since: null, missing: 0 } : null }));
  }

  rename(id: string, name: string): Ledger {
    return this.#change(id, (row) => ({ ...row, name }));
  }

  name(id: string): string {
    return this.#row(id).name;
  }

  unread({ id, reason, offset }: UnreadAt): Unread {
    const { not_read, path } = this.#row(id);
    const all = Array.from({ length: not_read }, (_, index) => ({ ...reasons[index % reasons.length]!, path: `${path ?? ""}/unread/${index + 1}.bin` }));
    const counts = reasons.map((one) => ({
      reason: one.reason,
      message: one.message,
      hint: null,
      items: all.filter((item) => item.reason === one.reason).length,
    }));
    const wanted = all.filter((item) => reason === null || item.reason === reason);
    const start = offset ?? 0;
    const items: UnreadItem[] = wanted.slice(start, start + PAGE).map(({ path: at, failed, message }) => ({ path: at, failed, message }));
    return { reasons: counts.filter(({ items: count }) => count > 0), items, total: wanted.length };
  }

  removal(id: string): SourceRemoval {
    const { kind, documents, chunked, summaries } = this.#row(id);
    if (kind !== "samples") throw { code: "usage", message: "only the sample memories can be removed", hint: null } satisfies WireError;
    return { documents: documents - 1, passages: chunked - 2, summaries, kept: 1 };
  }

  remove(id: string): SourceRemoval {
    const removal = this.removal(id);
    this.#rows = this.#rows.filter((row) => row.id !== id);
    return removal;
  }

  addSamples(): void {
    if (!this.#rows.some(({ id }) => id === SAMPLES)) this.#rows = [...this.#rows, samples];
  }

  #row(id: string): SourceRow {
    const row = this.#rows.find((one) => one.id === id);
    if (row === undefined) throw { code: "not_found", message: "there is no such source", hint: null } satisfies WireError;
    return row;
  }

  #change(id: string, change: (row: SourceRow) => SourceRow): Ledger {
    const changed = change(this.#row(id));
    this.#rows = this.#rows.map((row) => (row.id === id ? changed : row));
    return this.all();
  }
}

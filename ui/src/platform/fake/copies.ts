import type { Backup } from "../../wire/Backup";
import type { Copies } from "../../wire/Copies";
import type { Event } from "../../wire/Event";
import type { KeptAside } from "../../wire/KeptAside";
import type { RestorePreview } from "../../wire/RestorePreview";
import type { Restored } from "../../wire/Restored";
import type { TableRows } from "../../wire/TableRows";
import type { WireError } from "../../wire/WireError";

const folder = "/home/ada/.local/share/oldgrowth/default/memory_tree";

/** How many steps the made-up backup takes, and how long a step is. */
const STEPS = 12;
const STEP_MS = 150;

const rows = (documents: number, chunks: number, nodes: number): TableRows[] => [
  { table: "chunks", rows: chunks },
  { table: "documents", rows: documents },
  { table: "jobs", rows: 41 },
  { table: "nodes", rows: nodes },
];

function backup(id: string, madeAt: string, part: Partial<Backup> = {}): Backup {
  return {
    id,
    path: `${folder}/backups/${id}.db`,
    made_at: madeAt,
    kind: "recent",
    rows: rows(118, 590, 37),
    bytes: 46_100_000,
    verified_at: madeAt,
    problem: null,
    ...part,
  };
}

const past: Backup[] = [
  backup("20261119T190412Z-5f0a77c1", "2026-11-19T19:04:12Z"),
  backup("20261118T201530Z-0b9e41aa", "2026-11-18T20:15:30Z", { rows: rows(101, 512, 31), bytes: 40_300_000 }),
  backup("20261102T101201Z-77ac03fe", "2026-11-02T10:12:01Z", { kind: "before_update", rows: rows(84, 420, 25), bytes: 33_000_000 }),
  backup("20261025T092255Z-c4d21b08", "2026-10-25T09:22:55Z", {
    rows: rows(77, 391, 24),
    bytes: 31_900_000,
    verified_at: null,
    problem: "its content is not what it was when it was made",
  }),
];

const aside: KeptAside[] = [
  {
    id: "20261112T074455Z-19e0d3b7",
    path: `${folder}/quarantine/20261112T074455Z-19e0d3b7`,
    made_at: "2026-11-12T07:44:55Z",
    reason: "a copy was restored in its place",
    by_person: true,
    only_copy: true,
    bytes: 38_700_000,
    restorable: true,
  },
];

const notFound: WireError = { code: "not_found", message: "there is no such copy", hint: null };

/** Made-up backups, one of which can be made, stopped and put back. */
export class FakeCopies {
  #backups: Backup[];
  #aside: KeptAside[];
  #damage: number | null;
  #stopped = false;
  #made = 0;

  constructor(
    scenario: string,
    private readonly emit: (event: Event) => void,
  ) {
    this.#backups = scenario === "empty" ? [] : past;
    this.#aside = scenario === "empty" ? [] : aside;
    this.#damage = scenario === "damaged" ? 3 : null;
  }

  all(): Copies {
    return {
      backups: this.#backups,
      kept_aside: this.#aside,
      running: null,
      last_failure: null,
      damage: this.#damage,
      readable: true,
      folder: `${folder}/backups`,
    };
  }

  async make(): Promise<Backup> {
    this.#stopped = false;
    for (let step = 0; step < STEPS; step += 1) {
      this.emit({ event: "copy", work: "backup", done: step * 1000, of: STEPS * 1000 });
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      if (this.#stopped) throw { code: "cancelled", message: "the backup was stopped", hint: null } satisfies WireError;
    }
    const at = new Date().toISOString();
    this.#made += 1;
    const made = backup(`made-${this.#made}`, at);
    this.#backups = [made, ...this.#backups];
    this.emit({ event: "copies_changed" });
    return made;
  }

  cancel(): Record<string, never> {
    this.#stopped = true;
    return {};
  }

  verify(id: string): Backup {
    const found = this.#backups.find((one) => one.id === id);
    if (found === undefined) throw notFound;
    return found;
  }

  preview(id: string): RestorePreview {
    const found = this.#backups.find((one) => one.id === id);
    const set = this.#aside.find((one) => one.id === id);
    if (found === undefined && set === undefined) throw notFound;
    const here = rows(121, 612, 39);
    return {
      id,
      made_at: found?.made_at ?? set?.made_at ?? null,
      schema_version: 1,
      is_older: found?.kind === "before_update",
      here_written_at: "2026-11-20T08:10:00Z",
      here_bytes: 48_000_000,
      tables: (found?.rows ?? rows(90, 450, 28)).map(({ table, rows: there }) => ({
        table,
        there,
        here: here.find((row) => row.table === table)?.rows ?? null,
        newer_here: Math.max(0, (here.find((row) => row.table === table)?.rows ?? 0) - there),
      })),
    };
  }

  restore(id: string): Restored {
    this.preview(id);
    const at = new Date().toISOString();
    const set: KeptAside = { ...(aside[0] as KeptAside), id: `set-${at}`, made_at: at, bytes: 48_000_000 };
    this.#aside = [set, ...this.#aside];
    this.#damage = null;
    this.emit({ event: "copies_changed" });
    return { set_aside: set.id };
  }

  discard(id: string): Copies {
    this.#aside = this.#aside.filter((set) => set.id !== id);
    return this.all();
  }

  acceptDamage(): void {
    this.#damage = null;
  }
}

import type { Event } from "../../wire/Event";
import type { MovePlan } from "../../wire/MovePlan";
import type { MoveProgress } from "../../wire/MoveProgress";
import type { Place } from "../../wire/Place";
import type { Storage } from "../../wire/Storage";
import type { WireError } from "../../wire/WireError";
import { ledger } from "./views";

const usual = "/home/ada/.local/share/oldgrowth";
const BYTES = 206_400_000;

/** How many steps the made-up move takes, and how long a step is. */
const STEPS = 16;
const STEP_MS = 150;

const at = (folder: string, part: Partial<Place> = {}): Place => ({
  folder,
  there: true,
  bytes: BYTES,
  usual,
  fixed: null,
  other_disk: folder.startsWith("/media"),
  left: [],
  moving: null,
  ...part,
});

const old = { folder: usual, kind: "old", there: true, bytes: 198_100_000, moved_at: "2026-11-18T20:15:30Z" } as const;

function first(scenario: string): Place {
  switch (scenario) {
    case "moved":
      return at("/media/ada/Oak/Oldgrowth", { left: [old] });
    case "half":
      return at(usual, { left: [{ folder: "/media/ada/Oak/Oldgrowth", kind: "half", there: true, bytes: 81_300_000, moved_at: "2026-11-20T17:02:11Z" }] });
    case "lost":
      return at("/media/ada/Oak/Oldgrowth", { there: false, bytes: 0, left: [old] });
    case "moving":
      return at(usual, { moving: progressed("copying", 0.42) });
    case "empty":
      return at(usual, { bytes: 118_000 });
    default:
      return at(usual);
  }
}

function progressed(stage: MoveProgress["stage"], share: number): MoveProgress {
  const of = BYTES * 2;
  return { stage, to: "/media/ada/Oak/Oldgrowth", done: Math.round(of * share), of, bytes_per_second: 84_000_000, eta_seconds: Math.ceil((of * (1 - share)) / 84_000_000) };
}

/** A made-up place, from which the memory can be moved. */
export class FakePlace {
  #place: Place;
  #stopped = false;

  constructor(
    private readonly scenario: string,
    private readonly emit: (event: Event) => void,
  ) {
    this.#place = first(scenario);
  }

  get(): Place {
    return this.#place;
  }

  get lost(): boolean {
    return !this.#place.there;
  }

  plan(to: string): MovePlan {
    const refused = this.scenario === "refused";
    return {
      from: this.#place.folder,
      to,
      refusal: refused
        ? { problem: "not_empty", message: "there are files in this folder", hint: "choose an empty folder, or name a new one; nothing is ever put among your own files" }
        : null,
      warnings: refused ? [] : ["other_disk"],
      items: [
        { what: "store", files: 2, bytes: 46_100_000 },
        { what: "backups", files: 8, bytes: 121_500_000 },
        { what: "kept_aside", files: 3, bytes: 38_700_000 },
        { what: "settings", files: 2, bytes: 1_400 },
      ],
      bytes: BYTES,
      needed_bytes: BYTES + 512_000_000,
      free_bytes: 218_000_000_000,
      foreign_files: 1,
    };
  }

  /** Moves on a step at a time, and can be called off. */
  async move(to: string): Promise<Place> {
    this.#stopped = false;
    for (let step = 0; step <= STEPS; step += 1) {
      const stage = step === 0 ? "closing" : step < STEPS / 2 ? "copying" : step < STEPS ? "proving" : "opening";
      this.emit({ event: "move", ...progressed(stage, step / STEPS), to });
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      if (this.#stopped) {
        this.emit({ event: "place_changed" });
        throw { code: "cancelled", message: "the move was called off", hint: null } satisfies WireError;
      }
    }
    this.#place = at(to, { left: [{ ...old, folder: this.#place.folder, moved_at: new Date().toISOString() }] });
    this.emit({ event: "place_changed" });
    return this.#place;
  }

  cancel(): Record<string, never> {
    this.#stopped = true;
    return {};
  }

  use(folder: string): Place {
    this.#place = at(folder);
    this.emit({ event: "place_changed" });
    return this.#place;
  }

  remove(folder: string): Place {
    this.#place = { ...this.#place, left: this.#place.left.filter((copy) => copy.folder !== folder) };
    return this.#place;
  }
}

/** What takes room in the made-up memories. A large one is counted when somebody asks. */
export function storage(empty: boolean, counted: boolean): Storage {
  const sources = empty ? [] : ledger().sources;
  const inside = counted
    ? ([
        ["texts", 23_100_000],
        ["word_index", 14_900_000],
        ["names", 1_200_000],
        ["summaries", 3_600_000],
        ["work", 1_900_000],
        ["free", 1_100_000],
        ["rest", 300_000],
      ] as const)
    : ([["main_file", 46_100_000]] as const);
  const beside = [
    ["log", 2_100_000],
    ["backups", empty ? 0 : 151_300_000],
    ["kept_aside", empty ? 0 : 38_700_000],
  ] as const;
  const parts = [...inside, ...beside].map(([what, bytes]) => ({ what, bytes: empty ? Math.round(bytes / 400) : bytes }));
  return {
    sources: sources.map(({ id, name, path, documents, chunked }) => ({
      id,
      name,
      path,
      documents,
      original_bytes: documents * 183_000,
      counted: counted ? { passages: chunked, text_bytes: chunked * 1_130 } : null,
    })),
    parts,
    total_bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    counted_at: counted ? "2026-11-20T08:12:00Z" : null,
  };
}

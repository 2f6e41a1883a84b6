import { SvelteMap } from "svelte/reactivity";
import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { TreeRow } from "../../wire/TreeRow";
import type { WireError } from "../../wire/WireError";

/** How many rows are read at a time. */
export const ROWS_AT_A_TIME = 100;
/** How many pages are read to find a row that an address names, before giving up on showing it in place. */
const PAGES_TO_FIND_MAX = 10;
/** The key of the roots among the branches. */
const ROOTS = "";

/** The rows that have been read under one row. */
interface Branch {
  rows: TreeRow[];
  total: number;
  error: WireError | null;
}

/** A line of the tree as it stands on the page. */
export type Line =
  | { kind: "row"; key: string; row: TreeRow; level: number; parent: string; posinset: number; setsize: number; open: boolean }
  | { kind: "more"; key: string; parent: string; level: number; left: number; error: WireError | null };

/** The tree as far as it has been opened. */
export class TreeState {
  selected = $state<string | null>(null);
  /** The key of the line that Tab leads to. */
  current = $state<string | null>(null);
  error = $state.raw<WireError | null>(null);
  loaded = $state(false);
  #branches = new SvelteMap<string, Branch>();
  #open = new SvelteMap<string, boolean>();
  #latestReveal = new Latest();
  #typed = "";
  #typedAt = 0;

  constructor(
    private readonly platform: Platform,
    private readonly now: () => number = () => performance.now(),
  ) {}

  lines: Line[] = $derived.by(() => {
    const lines: Line[] = [];
    this.#walk(ROOTS, 1, lines, new Set());
    return lines;
  });

  row(id: string): TreeRow | null {
    for (const { rows } of this.#branches.values()) {
      const found = rows.find((row) => row.id === id);
      if (found !== undefined) return found;
    }
    return null;
  }

  async loadRoots(): Promise<void> {
    await this.#read(ROOTS);
    this.loaded = true;
    this.error = this.#branches.get(ROOTS)?.error ?? null;
    this.current ??= this.lines[0]?.key ?? null;
  }

  /** Reads again all that is open, for the memory has changed. */
  async refresh(): Promise<void> {
    const parents = [...this.#branches.keys()].filter((id) => id === ROOTS || this.#open.get(id) === true);
    await Promise.all(parents.map((id) => this.#read(id, this.#branches.get(id)?.rows.length)));
    this.error = this.#branches.get(ROOTS)?.error ?? null;
  }

  async toggle(id: string): Promise<void> {
    if (this.#open.get(id) === true) this.#open.set(id, false);
    else await this.open(id);
  }

  async open(id: string): Promise<void> {
    this.#open.set(id, true);
    if (!this.#branches.has(id) || this.#branches.get(id)?.error) await this.#read(id);
  }

  async more(parent: string): Promise<void> {
    await this.#readNext(parent);
  }

  /** Opens the way down to a row, as far as it can be found, and selects it. */
  async reveal(id: string): Promise<void> {
    this.selected = id;
    const isNewest = this.#latestReveal.begin();
    if (this.lines.some((line) => line.key === id)) {
      this.current = id;
      return;
    }
    let path: string[];
    try {
      const view = await this.platform.call("tree", { node: id, offset: null, limit: 1 });
      path = view.path.map((step) => step.id);
    } catch {
      // The details say what is wrong with an id that leads nowhere.
      return;
    }
    if (!isNewest()) return;
    if (!this.#branches.has(ROOTS)) await this.loadRoots();
    let parent = ROOTS;
    for (const step of path.at(-1) === id ? path : [...path, id]) {
      if (!isNewest() || !(await this.#find(parent, step))) return;
      if (step !== id) await this.open(step);
      parent = step;
    }
    if (isNewest()) this.current = id;
  }

  /** What a key does to the tree; true when the key was the tree's. Enter is left to the view. */
  key(key: string): boolean {
    const { lines } = this;
    const at = lines.findIndex((line) => line.key === this.current);
    const line = lines[at];
    const move = (to: number): true => {
      this.current = lines[Math.min(Math.max(to, 0), lines.length - 1)]?.key ?? null;
      return true;
    };
    switch (key) {
      case "ArrowDown":
        return move(at + 1);
      case "ArrowUp":
        return move(at < 0 ? 0 : at - 1);
      case "Home":
        return move(0);
      case "End":
        return move(lines.length - 1);
      case "ArrowRight":
        if (line?.kind === "row" && line.row.children > 0) {
          if (line.open) move(at + 1);
          else void this.open(line.row.id);
        }
        return true;
      case "ArrowLeft":
        if (line?.kind === "row" && line.open) this.#open.set(line.row.id, false);
        else if (line !== undefined && line.parent !== ROOTS) this.current = line.parent;
        return true;
      default:
        return key.length === 1 && key !== " " && this.#typeAhead(key, at);
    }
  }

  #typeAhead(key: string, at: number): boolean {
    const now = this.now();
    const again = now - this.#typedAt > 700;
    this.#typed = again ? key : this.#typed + key;
    this.#typedAt = now;
    const wanted = this.#typed.toLocaleLowerCase();
    const { lines } = this;
    // A first letter looks further; a longer word may stay where it is.
    const start = at + (this.#typed.length === 1 ? 1 : 0);
    for (let step = 0; step < lines.length; step += 1) {
      const line = lines[(start + step + lines.length) % lines.length];
      if (line?.kind === "row" && line.row.title.toLocaleLowerCase().startsWith(wanted)) {
        this.current = line.key;
        break;
      }
    }
    return true;
  }

  #walk(parent: string, level: number, lines: Line[], above: Set<string>): void {
    const branch = this.#branches.get(parent);
    if (branch === undefined) return;
    branch.rows.forEach((row, index) => {
      const open = this.#open.get(row.id) === true && row.children > 0;
      lines.push({
        kind: "row",
        key: row.id,
        row,
        level,
        parent,
        posinset: index + 1,
        setsize: branch.total,
        open,
      });
      if (open && !above.has(row.id)) this.#walk(row.id, level + 1, lines, new Set([...above, row.id]));
    });
    const left = branch.total - branch.rows.length;
    if (left > 0 || (branch.error !== null && parent !== ROOTS)) {
      lines.push({ kind: "more", key: `more:${parent}`, parent, level, left, error: branch.error });
    }
  }

  async #find(parent: string, id: string): Promise<boolean> {
    for (let page = 0; page < PAGES_TO_FIND_MAX; page += 1) {
      const branch = this.#branches.get(parent);
      if (branch?.rows.some((row) => row.id === id)) return true;
      if (branch !== undefined && (branch.rows.length >= branch.total || branch.error !== null)) return false;
      await this.#readNext(parent);
    }
    return false;
  }

  /** Reads a branch from its start. */
  async #read(parent: string, atLeast = ROWS_AT_A_TIME): Promise<void> {
    const limit = Math.min(500, Math.max(ROWS_AT_A_TIME, atLeast));
    await this.#fetch(parent, 0, limit, []);
  }

  async #readNext(parent: string): Promise<void> {
    const known = this.#branches.get(parent)?.rows ?? [];
    await this.#fetch(parent, known.length, ROWS_AT_A_TIME, known);
  }

  async #fetch(parent: string, offset: number, limit: number, before: TreeRow[]): Promise<void> {
    try {
      const { rows, total } = await this.platform.call("tree", { node: parent || null, offset, limit });
      // A branch that changed between two pages may give a row twice.
      const known = new Set(before.map(({ id }) => id));
      this.#branches.set(parent, { rows: [...before, ...rows.filter(({ id }) => !known.has(id))], total, error: null });
    } catch (thrown) {
      const kept = this.#branches.get(parent);
      this.#branches.set(parent, { rows: kept?.rows ?? [], total: kept?.total ?? 0, error: toWireError(thrown) });
    }
  }
}

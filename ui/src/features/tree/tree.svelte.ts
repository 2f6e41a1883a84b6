import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { TreeRow } from "../../wire/TreeRow";
import type { TreeView } from "../../wire/TreeView";
import type { WireError } from "../../wire/WireError";
import { indexOf, layOut, spotAt, spotBeneath, spotOf, topOf, type Layout, type OpenBranch, type Spot } from "./layout";
import { titleOf } from "./words";

/** How many rows are read at a time. */
export const ROWS_AT_A_TIME = 100;
/** How many pages of a branch are kept; those that were read first go first. */
export const PAGES_KEPT_MAX = 60;
/** How many pages are read at once. What has been scrolled past before its turn is not read. */
const READS_MAX = 2;
/** How many rows `*` opens. */
const SIBLINGS_MAX = 100;
/** How long typed letters belong together. */
const TYPED_MS = 700;
/** The id of the roots among the branches. */
export const ROOTS = "";

/** What a line takes, in rem: a source has one line of text, all others may have two. */
const SOURCE_REM = 2;
const ROW_REM = 3;
/** Browsers lay nothing out much further down than this, in px. A taller tree is scrolled through faster. */
export const SCROLL_PX_MAX = 16_000_000;
/** How far beyond what is seen lines are on the page, in px. */
const OVERSCAN_PX = 320;

type Page = { state: "reading"; rows: TreeRow[] } | { state: "read"; rows: TreeRow[] } | { state: "failed"; error: WireError };

/** The rows under one row, as far as they have been read. */
interface Branch {
  id: string;
  parent: string;
  position: number;
  level: number;
  total: number;
  pages: Map<number, Page>;
}

/** Which line of the tree: by its branch and its position there, so that it is known before it is read. */
export interface Place {
  branch: string;
  position: number;
}

/** A line of the tree as it stands on the page. */
export interface Line {
  /** The same for as long as the line stands where it stands. */
  key: string;
  place: Place;
  index: number;
  top: number;
  height: number;
  level: number;
  posinset: number;
  setsize: number;
  open: boolean;
  /** Null until it is read. */
  row: TreeRow | null;
  /** Why it could not be read. */
  error: WireError | null;
}

const keyOf = ({ branch, position }: Place): string => `${position}:${branch}`;
const pageOf = (position: number): number => Math.floor(position / ROWS_AT_A_TIME);

/** The tree as far as it has been opened. Only what is in view is read and on the page. */
export class TreeState {
  selected = $state<string | null>(null);
  /** The line that Tab leads to. */
  current = $state.raw<Place | null>(null);
  error = $state.raw<WireError | null>(null);
  loaded = $state(false);
  /** What is in view, in px. */
  scrollTop = $state(0);
  viewHeight = $state(0);
  remPx = $state(16);
  #branches = new Map<string, Branch>([[ROOTS, branchOf(ROOTS, ROOTS, 0, 1, 0)]]);
  #open = new Set<string>();
  /** Grows with each change of the branches. */
  #version = $state(0);
  /** Answers to what was asked before the last refresh are of no use. */
  #generation = 0;
  #wanted: { branch: string; page: number }[] = [];
  #reads = 0;
  #latestReveal = new Latest();
  #typed = "";
  #typedAt = 0;
  #shown: TreeRow | null = null;

  constructor(
    private readonly platform: Platform,
    private readonly now: () => number = () => performance.now(),
  ) {}

  #layout: Layout = $derived.by(() => {
    void this.#version;
    return layOut(this.#opened(ROOTS), (level) => Math.round((level === 1 ? SOURCE_REM : ROW_REM) * this.remPx));
  });

  /** How tall all lines are on the page, in px. */
  height: number = $derived(Math.min(this.#layout.height, SCROLL_PX_MAX));

  /** How far it is from one line to another, for each px that is scrolled. */
  #stretch: number = $derived.by(() => {
    const room = this.height - this.viewHeight;
    return room > 0 ? Math.max(1, (this.#layout.height - this.viewHeight) / room) : 1;
  });

  /** The lines in view, and the one with the focus wherever it is. */
  lines: Line[] = $derived.by(() => {
    const seen = this.scrollTop * this.#stretch;
    const shift = this.scrollTop - seen;
    const first = spotBeneath(this.#layout, seen - OVERSCAN_PX);
    const last = spotBeneath(this.#layout, seen + this.viewHeight + OVERSCAN_PX);
    if (first === null || last === null) return [];
    const lines: Line[] = [];
    for (let index = indexOf(first); index <= indexOf(last); index += 1) {
      const spot = spotAt(this.#layout, index);
      if (spot !== null) lines.push(this.#line(spot, shift));
    }
    const current = this.#currentSpot;
    if (current === null) return lines;
    const focused = this.#line(current, shift);
    if (focused.index < indexOf(first)) return [focused, ...lines];
    return focused.index > indexOf(last) ? [...lines, focused] : lines;
  });

  get empty(): boolean {
    return this.#layout.lines === 0;
  }

  isCurrent({ place }: Line): boolean {
    return this.current?.branch === place.branch && this.current.position === place.position;
  }

  /** The row that is shown beside the tree, if it has been read as a row. */
  row(id: string): TreeRow | null {
    void this.#version;
    for (const { pages } of this.#branches.values()) {
      for (const page of pages.values()) {
        const found = page.state === "failed" ? undefined : page.rows.find((row) => row.id === id);
        if (found !== undefined) return (this.#shown = found);
      }
    }
    return this.#shown?.id === id ? this.#shown : null;
  }

  async loadRoots(): Promise<void> {
    await this.#read(ROOTS, 0);
    const page = this.#branches.get(ROOTS)?.pages.get(0);
    this.error = page?.state === "failed" ? page.error : null;
    this.loaded = true;
    this.#keepCurrent();
  }

  /** Reads again what is in view, for the memory has changed. What is out of view is read when it comes. */
  async refresh(): Promise<void> {
    this.#generation += 1;
    const inView = this.lines.map(({ place }) => place);
    const reads: Promise<void>[] = [];
    for (const branch of this.#branches.values()) {
      const pages = new Set(inView.filter((place) => place.branch === branch.id).map(({ position }) => pageOf(position)));
      if (branch.id !== ROOTS && !this.#open.has(branch.id)) {
        this.#branches.delete(branch.id);
        continue;
      }
      if (pages.size === 0) pages.add(0);
      for (const page of branch.pages.keys()) {
        if (!pages.has(page)) branch.pages.delete(page);
      }
      for (const page of pages) reads.push(this.#read(branch.id, page));
    }
    await Promise.all(reads);
    const first = this.#branches.get(ROOTS)?.pages.get(0);
    this.error = first?.state === "failed" && this.empty ? first.error : null;
    this.#keepCurrent();
    this.readInView();
  }

  /** Reads what is in view and has not been read. To be called when that may have changed. */
  readInView(): void {
    const wanted = new Map<string, { branch: string; page: number }>();
    for (const { place, row, error } of this.lines) {
      if (row !== null || error !== null) continue;
      const page = pageOf(place.position);
      if (this.#branches.get(place.branch)?.pages.get(page)?.state === "reading") continue;
      wanted.set(`${page}:${place.branch}`, { branch: place.branch, page });
    }
    this.#wanted = [...wanted.values()];
    this.#readWanted();
  }

  /** Reads rows once more that could not be read. */
  retry({ place }: Line): void {
    this.#branches.get(place.branch)?.pages.delete(pageOf(place.position));
    this.#changed();
    this.readInView();
  }

  toggle(line: Line): void {
    if (line.row === null) return;
    if (line.open) this.#close(line.row.id);
    else this.open(line);
  }

  /** Opens at once, with the number of rows that its own row tells. */
  open(line: Line): void {
    const { row, place, level } = line;
    if (row === null || row.children === 0) return;
    this.#openAt(row.id, place, level + 1, row.children);
    this.#changed();
    this.readInView();
  }

  /** Opens the way down to a row and selects it. True when the row was found. */
  async reveal(id: string): Promise<boolean> {
    this.selected = id;
    const isNewest = this.#latestReveal.begin();
    const here = this.lines.find((line) => line.row?.id === id);
    if (here !== undefined) {
      this.current = here.place;
      return true;
    }
    let trail: TreeView["trail"];
    try {
      ({ trail } = await this.platform.call("tree", { node: id, offset: 0, limit: 1 }));
    } catch {
      // The details say what is wrong with an id that leads nowhere.
      return false;
    }
    if (!isNewest() || trail.at(-1)?.id !== id) return false;
    const steps = trail.map(({ id: own, position }, index) => ({ id: own, position, branch: trail[index - 1]?.id ?? ROOTS }));
    for (const [index, step] of steps.slice(0, -1).entries()) this.#openAt(step.id, step, index + 2, 0);
    await Promise.all(steps.map(({ branch, position }) => this.#readOnce(branch, pageOf(position))));
    if (!isNewest()) return false;
    this.loaded = true;
    const last = steps.at(-1);
    if (last !== undefined) this.current = { branch: last.branch, position: last.position };
    this.#changed();
    return true;
  }

  /** Where to scroll to for the line with the focus to be in view; null when it is. What was far away comes to the middle. */
  scrollToCurrent(): number | null {
    const spot = this.#currentSpot;
    if (spot === null) return null;
    const seen = this.scrollTop * this.#stretch;
    const top = topOf(spot);
    const bottom = top + spot.segment.height;
    if (top >= seen && bottom <= seen + this.viewHeight) return null;
    const far = bottom < seen - this.viewHeight || top > seen + 2 * this.viewHeight;
    if (far) return Math.max(0, (top + bottom - this.viewHeight) / 2 / this.#stretch);
    return (top < seen ? top : bottom - this.viewHeight) / this.#stretch;
  }

  /** What a key does to the tree; true when the key was the tree's. Enter is left to the view. */
  key(key: string): boolean {
    const spot = this.#currentSpot;
    const at = spot === null ? -1 : indexOf(spot);
    const line = this.currentLine;
    switch (key) {
      case "ArrowDown":
        return this.#moveTo(at + 1);
      case "ArrowUp":
        return this.#moveTo(at < 0 ? 0 : at - 1);
      case "Home":
        return this.#moveTo(0);
      case "End":
        return this.#moveTo(this.#layout.lines - 1);
      case "PageDown":
        return this.#movePage(1);
      case "PageUp":
        return this.#movePage(-1);
      case "ArrowRight":
        if (line !== null && line.row !== null && line.row.children > 0) {
          if (line.open) this.#moveTo(at + 1);
          else this.open(line);
        }
        return true;
      case "ArrowLeft":
        if (line === null) return true;
        if (line.open && line.row !== null) this.#close(line.row.id);
        else this.#moveToParent(line);
        return true;
      case "*":
        if (line !== null) this.#openSiblings(line);
        return true;
      default:
        return key.length === 1 && key !== " " && this.#typeAhead(key, at);
    }
  }

  get currentLine(): Line | null {
    const spot = this.#currentSpot;
    return spot === null ? null : this.#line(spot, 0);
  }

  get #currentSpot(): Spot | null {
    return this.current === null ? null : spotOf(this.#layout, this.current.branch, this.current.position);
  }

  #line(spot: Spot, shift: number): Line {
    const { segment, position } = spot;
    const { id, level, total } = segment.branch;
    const place = { branch: id, position };
    const page = this.#branches.get(id)?.pages.get(pageOf(position));
    const row = page === undefined || page.state === "failed" ? null : (page.rows[position % ROWS_AT_A_TIME] ?? null);
    return {
      key: keyOf(place),
      place,
      index: indexOf(spot),
      top: topOf(spot) + shift,
      height: segment.height,
      level,
      posinset: position + 1,
      setsize: total,
      open: row !== null && row.children > 0 && this.#open.has(row.id),
      row,
      error: page?.state === "failed" ? page.error : null,
    };
  }

  #moveTo(index: number): true {
    const spot = spotAt(this.#layout, index);
    this.current = spot === null ? null : { branch: spot.segment.branch.id, position: spot.position };
    return true;
  }

  /** By what is in view, less a line, so that the eye keeps its place. */
  #movePage(pages: number): true {
    const spot = this.#currentSpot;
    if (spot === null) return this.#moveTo(0);
    const far = Math.max(spot.segment.height, this.viewHeight - spot.segment.height);
    const target = spotBeneath(this.#layout, topOf(spot) + pages * far);
    return target === null ? true : this.#moveTo(indexOf(target));
  }

  #moveToParent({ place }: Line): void {
    if (place.branch === ROOTS) return;
    const branch = this.#branches.get(place.branch);
    if (branch !== undefined) this.current = { branch: branch.parent, position: branch.position };
  }

  /** Those that have been read; a branch of many thousands would not be readable opened whole. */
  #openSiblings({ place, level }: Line): void {
    const near = (position: number): number => Math.abs(position - place.position);
    const rows = this.#rowsOf(place.branch)
      .filter(({ row }) => row.children > 0)
      .toSorted((a, b) => near(a.position) - near(b.position))
      .slice(0, SIBLINGS_MAX);
    for (const { row, position } of rows) this.#openAt(row.id, { branch: place.branch, position }, level + 1, row.children);
    this.#changed();
    this.readInView();
  }

  #typeAhead(key: string, at: number): boolean {
    const now = this.now();
    const again = now - this.#typedAt > TYPED_MS;
    this.#typed = again ? key : this.#typed + key;
    this.#typedAt = now;
    const wanted = this.#typed.toLocaleLowerCase();
    // A first letter looks further; a longer word may stay where it is.
    const start = at + (this.#typed.length === 1 ? 1 : 0);
    let found: number | null = null;
    let foundAbove: number | null = null;
    for (const segment of this.#layout.segments) {
      for (const { row, position } of this.#rowsOf(segment.branch.id)) {
        if (position < segment.from || position >= segment.to || !titleOf(row).toLocaleLowerCase().startsWith(wanted)) continue;
        const index = indexOf({ segment, position });
        if (index >= start) found = Math.min(found ?? index, index);
        else foundAbove = Math.min(foundAbove ?? index, index);
      }
      if (found !== null) break;
    }
    const target = found ?? foundAbove;
    if (target !== null) this.#moveTo(target);
    return true;
  }

  #rowsOf(id: string): { row: TreeRow; position: number }[] {
    const pages = [...(this.#branches.get(id)?.pages ?? [])];
    return pages.flatMap(([number, page]) =>
      page.state === "failed" ? [] : page.rows.map((row, index) => ({ row, position: number * ROWS_AT_A_TIME + index })),
    );
  }

  #opened(id: string): OpenBranch {
    const branch = this.#branches.get(id);
    const below = [...this.#branches.values()].filter((one) => one.id !== ROOTS && one.parent === id && this.#open.has(one.id));
    return {
      id,
      level: branch?.level ?? 1,
      total: branch?.total ?? 0,
      open: below.map((one) => ({ position: one.position, branch: this.#opened(one.id) })),
    };
  }

  #openAt(id: string, place: Place, level: number, total: number): void {
    const known = this.#branches.get(id);
    if (known === undefined) this.#branches.set(id, branchOf(id, place.branch, place.position, level, total));
    else this.#branches.set(id, { ...known, parent: place.branch, position: place.position, level });
    this.#open.add(id);
  }

  /** The focus goes from what is folded away to the row that folds it. */
  #close(id: string): void {
    const closed = this.#branches.get(id);
    for (let at = this.current?.branch; at !== undefined && at !== ROOTS; at = this.#branches.get(at)?.parent) {
      if (at === id && closed !== undefined) this.current = { branch: closed.parent, position: closed.position };
    }
    this.#open.delete(id);
    this.#changed();
    this.readInView();
  }

  /** There is always one line that Tab leads to. */
  #keepCurrent(): void {
    if (this.#currentSpot !== null) return;
    const { current } = this;
    const total = current === null ? 0 : (this.#branches.get(current.branch)?.total ?? 0);
    if (current !== null && total > 0 && spotOf(this.#layout, current.branch, total - 1) !== null) {
      this.current = { branch: current.branch, position: total - 1 };
    } else this.#moveTo(0);
  }

  #changed(): void {
    this.#version += 1;
  }

  #readWanted(): void {
    while (this.#reads < READS_MAX) {
      const next = this.#wanted.shift();
      if (next === undefined) return;
      this.#reads += 1;
      void this.#readOnce(next.branch, next.page).finally(() => {
        this.#reads -= 1;
        this.#readWanted();
      });
    }
  }

  async #readOnce(id: string, page: number): Promise<void> {
    const known = this.#branches.get(id)?.pages.get(page);
    if (known === undefined || known.state === "failed") await this.#read(id, page);
  }

  async #read(id: string, page: number): Promise<void> {
    const branch = this.#branches.get(id);
    if (branch === undefined) return;
    const generation = this.#generation;
    const before = branch.pages.get(page);
    // Rows that are read again stay until then.
    branch.pages.set(page, { state: "reading", rows: before === undefined || before.state === "failed" ? [] : before.rows });
    try {
      const view = await this.platform.call("tree", { node: id || null, offset: page * ROWS_AT_A_TIME, limit: ROWS_AT_A_TIME });
      if (generation === this.#generation) this.#keep(id, page, view);
    } catch (thrown) {
      if (generation !== this.#generation) return;
      const error = toWireError(thrown);
      if (error.code === "not_found" && id !== ROOTS) this.#forget(id);
      else this.#branches.get(id)?.pages.set(page, { state: "failed", error });
    }
    this.#changed();
  }

  #keep(id: string, page: number, { rows, total, trail }: TreeView): void {
    const branch = this.#branches.get(id);
    if (branch === undefined) return;
    branch.total = total;
    // What came or went above it has moved it among its siblings.
    const own = trail.at(-1);
    if (own !== undefined && own.id === id) branch.position = own.position;
    this.#follow(id, page, rows);
    branch.pages.delete(page);
    branch.pages.set(page, { state: "read", rows });
    const [oldest] = branch.pages.keys();
    if (branch.pages.size > PAGES_KEPT_MAX && oldest !== undefined) branch.pages.delete(oldest);
  }

  /** The focus stays with its row when others came or went above it. */
  #follow(id: string, page: number, rows: TreeRow[]): void {
    const { current } = this;
    const before = this.#branches.get(id)?.pages.get(page);
    if (current?.branch !== id || pageOf(current.position) !== page || before === undefined || before.state === "failed") return;
    const row = before.rows[current.position % ROWS_AT_A_TIME];
    const now = row === undefined ? -1 : rows.findIndex((one) => one.id === row.id);
    if (now >= 0) this.current = { branch: id, position: page * ROWS_AT_A_TIME + now };
  }

  /** It is gone, and with it what hung from it. */
  #forget(id: string): void {
    this.#close(id);
    this.#branches.delete(id);
  }
}

function branchOf(id: string, parent: string, position: number, level: number, total: number): Branch {
  return { id, parent, position, level, total, pages: new Map() };
}

import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { Name } from "../../wire/Name";
import type { NameKind } from "../../wire/NameKind";
import type { Names } from "../../wire/Names";
import type { WireError } from "../../wire/WireError";

/** How many names stand on a page, and how many passages come at a time. */
export const NAMES_AT_A_TIME = 50;
export const PASSAGES_AT_A_TIME = 20;
/** The most that is read in one go. */
const PASSAGES_MAX = 100;
/** How long news of more names is gathered before what is visible is read again. */
const GATHER_MS = 1000;

/** What the list shows. Pages are counted from 1. */
export interface NamesShown {
  kind: NameKind;
  part: string;
  page: number;
}

/** Whom and what the memory names: a page of a list, and one of them whole. */
export class NamesState {
  known = $state.raw<Names | null>(null);
  /** What `known` is an answer to. */
  shown = $state.raw<NamesShown | null>(null);
  error = $state.raw<WireError | null>(null);
  one = $state.raw<Name | null>(null);
  oneError = $state.raw<WireError | null>(null);
  reading = $state(false);
  /** Grows when passages were looked through since. */
  revision = $state(0);
  #latest = new Latest();
  #latestOne = new Latest();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly platform: Platform) {}

  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.revision += 1;
    }, GATHER_MS);
  }

  async load(asked: NamesShown): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const known = await this.platform.call("names", {
        kind: asked.kind,
        part: asked.part === "" ? null : asked.part,
        offset: (asked.page - 1) * NAMES_AT_A_TIME,
        limit: NAMES_AT_A_TIME,
      });
      if (!isNewest()) return;
      this.known = known;
      this.shown = asked;
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** Opens one, or reads it again with as many passages as are on the page. */
  async open(id: string): Promise<void> {
    const isNewest = this.#latestOne.begin();
    if (this.one?.name.id !== id) this.one = null;
    const limit = Math.min(PASSAGES_MAX, Math.max(PASSAGES_AT_A_TIME, this.one?.passages.length ?? 0));
    try {
      const one = await this.platform.call("name", { id, offset: null, limit });
      if (!isNewest()) return;
      this.one = one;
      this.oneError = null;
    } catch (thrown) {
      if (!isNewest()) return;
      this.one = null;
      this.oneError = toWireError(thrown);
    }
  }

  async more(): Promise<void> {
    const { one } = this;
    if (one === null || this.reading) return;
    this.reading = true;
    const isNewest = this.#latestOne.begin();
    try {
      const next = await this.platform.call("name", { id: one.name.id, offset: one.passages.length, limit: PASSAGES_AT_A_TIME });
      if (isNewest()) {
        const there = new Set(one.passages.map(({ chunk }) => chunk));
        this.one = { ...next, passages: [...one.passages, ...next.passages.filter(({ chunk }) => !there.has(chunk))] };
        this.oneError = null;
      }
    } catch (thrown) {
      if (isNewest()) this.oneError = toWireError(thrown);
    }
    this.reading = false;
  }
}

import { vi } from "vitest";
import type { Method, Params, Platform, Reply, Shell } from "../platform";
import type { Answer } from "../wire/Answer";
import type { Batch } from "../wire/Batch";
import type { Component } from "../wire/Component";
import type { Models } from "../wire/Models";
import type { Network } from "../wire/Network";
import type { Status } from "../wire/Status";

/** A reply that the test gives when it wants to. */
export interface Pending {
  method: Method;
  params: unknown;
  answer(reply: unknown): void;
  fail(error: unknown): void;
}

export interface HandPlatform extends Platform {
  pending: Pending[];
  /** The oldest unanswered call of this method. */
  next(method: Method): Pending;
}

/** A platform whose every reply is given by hand, so that order is the test's to choose. */
export function handPlatform(picked: string[] = []): HandPlatform {
  const pending: Pending[] = [];
  return {
    pending,
    next(method) {
      const at = pending.findIndex((call) => call.method === method);
      const [call] = at < 0 ? [] : pending.splice(at, 1);
      if (call === undefined) throw new Error(`nothing waits for an answer to ${method}`);
      return call;
    },
    call<M extends Method>(method: M, params: Params<M>): Promise<Reply<M>> {
      return new Promise((resolve, reject) => {
        pending.push({ method, params, answer: (reply) => resolve(reply as Reply<M>), fail: reject });
      });
    },
    listen: async () => () => {},
    onDrop: async () => () => {},
    onCommand: async () => () => {},
    shell: async () => shellOf(),
    act: async () => shellOf(),
    pickPaths: async () => picked,
    samplesPath: async () => "/samples",
    openOriginal: vi.fn(async () => {}),
    showOriginal: vi.fn(async () => {}),
    showCopy: vi.fn(async () => {}),
    showPlace: vi.fn(async () => {}),
    showSource: vi.fn(async () => {}),
    pageFailed: vi.fn(async () => {}),
    openError: async () => null,
  };
}

export const shellOf = (part: Partial<Shell> = {}): Shell => ({ zoom_percent: 100, menu_bar: false, keep_running: false, notices: true, tray: true, ...part });

/** Lets all that is ready to go on, go on. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

export const unavailable = { code: "unavailable", message: "the store can't be read", hint: "wait" } as const;

export const answerOf = (title: string): Answer => ({
  hits: [
    {
      chunk: `chunk-${title}`,
      document: `doc-${title}`,
      source: "s",
      title,
      headings: [],
      author: null,
      locator: { path: "/home/ada/a.md", line_first: 1, line_last: 2 },
      tags: [],
      happened_at: null,
      text: `${title} stands here.`,
      score: 1,
      matches: [{ start: 0, end: title.length }],
      quote: { start: 0, end: title.length + 13 },
      same_elsewhere: 2,
      before: "What came before.",
      after: null,
      tree: [{ id: "src", title: "Notes" }],
      summary: null,
    },
  ],
  terms: [title],
  nothing: null,
  unsearched: 0,
  meaning: "yes",
  behind: null,
  summaries: [],
  nothing_then: null,
  writer: null,
});

export const componentOf = (part: Partial<Component> = {}): Component => ({
  code: "store",
  state: "ok",
  cause: "as it should be",
  since: "2026-11-20T08:00:00Z",
  next: null,
  group: "store",
  on_demand: false,
  last_ok: null,
  checked_at: null,
  took_ms: null,
  running: false,
  waits_for: null,
  evidence: [],
  fixes: [],
  ...part,
});

export const statusOf = (seq: number, store: Status["state"] = "ok"): Status => ({
  headline: `status ${seq}`,
  state: store,
  components: [componentOf({ state: store, cause: `cause ${seq}` })],
  reservations: { reserved: 0, cap: 2, near_cap: false, waiting: 0, oldest_ms: null, blocked: false },
  seq,
  workspace: "/home/ada/memory",
});

export const networkOf = (part: Partial<Network> = {}): Network => ({
  offline: false,
  unreadable: false,
  since: null,
  days: 90,
  hosts: [],
  calls: [],
  calls_in_all: 0,
  problem: null,
  unread_lines: 0,
  folder: "/home/ada/network",
  ...part,
});

export const modelsOf = (part: Partial<Models> = {}): Models => ({
  summaries: null,
  embeddings: null,
  reranking: null,
  unreadable: false,
  limits: { calls_max: 500, bytes_max: 10_000_000 },
  limits_most: { calls_max: 100_000, bytes_max: 10_000_000_000 },
  calls_today: 0,
  bytes_today: 0,
  offline: false,
  folder: "/home/ada/models",
  ...part,
});

export const batchOf = (part: Partial<Batch> = {}): Batch => ({
  id: "b1",
  label: "Notes",
  state: "running",
  cause: "named",
  created_at: "2026-11-20T08:00:00Z",
  ended_at: null,
  total: 100,
  conversations: 0,
  ended: 0,
  new: 0,
  changed: 0,
  unchanged: 0,
  skipped: 0,
  failed: 0,
  cancelled: 0,
  reason: null,
  bytes_total: 1000,
  bytes_ended: 0,
  rate: null,
  paused: false,
  eta_seconds: null,
  ...part,
});

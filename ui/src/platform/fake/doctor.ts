import type { ChecksAsked } from "../../wire/ChecksAsked";
import type { Component } from "../../wire/Component";
import type { ComponentCode } from "../../wire/ComponentCode";
import type { Event } from "../../wire/Event";
import type { FixApply } from "../../wire/FixApply";
import type { FixCode } from "../../wire/FixCode";
import type { FixPlan } from "../../wire/FixPlan";
import type { FixReceipt } from "../../wire/FixReceipt";
import type { HealthState } from "../../wire/HealthState";
import type { Report } from "../../wire/Report";
import type { Status } from "../../wire/Status";
import type { Timeline } from "../../wire/Timeline";
import type { TimelineAt } from "../../wire/TimelineAt";
import type { WireError } from "../../wire/WireError";
import { canBeUndone, madeUpFixes, riskOf } from "./fixes";
import { ago, allWell, changesOf, workspace } from "./health";
import { FakeTimeline } from "./timeline";

const noReads = { reserved: 0, cap: 2, near_cap: false, waiting: 0, oldest_ms: null, blocked: false };
const byBadness = ["fail", "warn", "crashed"] as const satisfies readonly HealthState[];

/** How long a made-up check and one step of a made-up fix take. */
const CHECK_MS = 90;
const LONG_CHECK_MS = 700;
const STEP_MS = 160;
const STEPS = 24;
const WEEK_MS = 7 * 86_400_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const cancelled: WireError = { code: "cancelled", message: "it was stopped", hint: null };
const changed: WireError = { code: "busy", message: "things have changed since this plan was made, so nothing was done", hint: "look at the plan again" };

const past = (): FixReceipt[] => [
  {
    id: "fix-2",
    code: "back_up_now",
    at: ago(26 * 3600),
    summary: "A backup of 46 MB was made and read through.",
    done: ["46 MB copied", "The copy was read through"],
    undo_until: null,
    undone_at: null,
    outcome: "done",
    folder: null,
  },
  {
    id: "fix-1",
    code: "set_aside_orphans",
    at: ago(6 * 86_400),
    summary: "4 loose rows were set aside.",
    done: ["A backup was made", "4 rows set aside"],
    undo_until: new Date(Date.now() + 86_400_000).toISOString(),
    undone_at: null,
    outcome: "done",
    folder: null,
  },
  {
    id: "fix-0",
    code: "stop_watching",
    at: ago(11 * 86_400),
    summary: "“Old disk” is not watched any more.",
    done: ["1 folder not watched any more"],
    undo_until: null,
    undone_at: ago(10.9 * 86_400),
    outcome: "done",
    folder: null,
  },
];

/** A made-up memory's health: checks that take a while, fixes that can be stopped and undone, and what has happened. */
export class FakeDoctor {
  #components: Component[];
  #seq = 4;
  #receipts: FixReceipt[];
  #timeline: FakeTimeline;
  #stopChecks = false;
  #stopFix = false;
  #plan: FixPlan | null = null;
  #plans = 0;
  #mended = new Set<FixCode>();
  #headline: string;
  /** What a fix changed, for taking it back. */
  #before = new Map<string, Component[]>();
  /** How often a plan is still to be refused as out of date. */
  #refusals: number;

  constructor(
    private readonly scenario: string,
    private readonly emit: (event: Event) => void,
  ) {
    const { headline, changes } = changesOf[scenario === "outdated" ? "attention" : scenario] ?? { headline: "", changes: [] };
    this.#headline = headline;
    this.#components = allWell().map((row) => ({ ...row, ...changes.find(({ code }) => code === row.code) }));
    this.#receipts = scenario === "empty" ? [] : past();
    this.#timeline = new FakeTimeline(scenario === "empty");
    this.#refusals = scenario === "outdated" ? 1 : 0;
    if (scenario === "checking") void this.run({ codes: [] });
  }

  get storeFails(): boolean {
    return this.#components.some(({ code, state }) => code === "store" && state === "fail");
  }

  /** The memory has its first content. */
  filled(): void {
    this.#headline = "";
    this.#components = this.#components.map((row) => (row.code === "coverage" ? { ...row, cause: allWell().find(({ code }) => code === "coverage")?.cause ?? row.cause } : row));
  }

  status(): Status {
    const worst = byBadness.find((state) => this.#components.some((row) => row.state === state)) ?? "ok";
    const first = this.#components.find(({ state }) => state === worst);
    const coverage = this.#components.find(({ code }) => code === "coverage")?.cause ?? "";
    const headline = worst === "ok" ? `Everything works. ${coverage}` : (first?.cause ?? "");
    return { headline: this.#headline === "" ? headline : this.#headline, state: worst, components: this.#components, reservations: noReads, seq: this.#seq, workspace };
  }

  async run({ codes }: ChecksAsked): Promise<Status> {
    this.#stopChecks = false;
    const asked = codes.length === 0 ? this.#components.map(({ code }) => code) : codes;
    for (const code of asked) {
      const row = this.#row(code);
      if (row.waits_for !== null) continue;
      this.#set([{ ...row, running: true }]);
      await pause(row.on_demand ? LONG_CHECK_MS : CHECK_MS);
      const at = new Date().toISOString();
      const now = this.#row(code);
      const found = now.state === "unknown" ? { state: "ok" as const, cause: foundOf[code] ?? now.cause, since: at } : {};
      const took_ms = row.on_demand ? 2300 + code.length * 211 : code.length % 9;
      const looked = { running: false, checked_at: at, took_ms, last_ok: now.state === "ok" || now.state === "unknown" ? at : now.last_ok };
      this.#set([this.#stopChecks ? { ...now, running: false } : { ...now, ...found, ...looked }]);
      if (this.#stopChecks) break;
    }
    return this.status();
  }

  stopRun(): Record<string, never> {
    this.#stopChecks = true;
    return {};
  }

  async plan(code: FixCode): Promise<FixPlan> {
    await pause(250);
    const { plan } = madeUpFixes[code];
    this.#plans += 1;
    // A copy can be taken once more.
    const nothing = this.#mended.has(code) && code !== "restore_backup" && code !== "open_copy";
    this.#plan = {
      id: `plan-${this.#plans}`,
      code,
      ...plan,
      risk: riskOf[code] ?? "none",
      undo: !nothing && canBeUndone.has(code),
      nothing_to_do: nothing,
      ...(nothing ? { summary: "It has been done already.", steps: [] } : {}),
    };
    if (this.scenario === "outdated" && this.#plans > 1) {
      const grown = (text: string): string => text.replace(/\d+/, (n) => String(Number(n) + 3));
      this.#plan = { ...this.#plan, summary: grown(plan.summary), steps: plan.steps.map(grown) };
    }
    return this.#plan;
  }

  async apply({ code, plan }: FixApply): Promise<FixReceipt> {
    if (plan !== this.#plan?.id || this.#refusals > 0) {
      this.#refusals -= 1;
      throw changed;
    }
    this.#stopFix = false;
    const { mends, doing, total, done, ...made } = madeUpFixes[code];
    const helps = code !== "verify_backup" || this.scenario !== "attention";
    const summary = helps ? made.summary : "The newest backup is not what it was when it was made. It stays, marked as such.";
    for (let step = 0; step < STEPS; step += 1) {
      const at = doing[Math.floor((step * doing.length) / STEPS)] ?? "";
      this.emit({ event: "fix", code, doing: at, done: Math.floor((step * total) / STEPS), total: step < 2 ? 0 : total });
      await pause(STEP_MS);
      if (this.#stopFix) throw cancelled;
    }
    const at = new Date().toISOString();
    const receipt: FixReceipt = {
      id: `fix-${Date.now()}`,
      code,
      at,
      summary,
      done,
      undo_until: canBeUndone.has(code) ? new Date(Date.now() + WEEK_MS).toISOString() : null,
      undone_at: null,
      outcome: helps ? "done" : "still_unwell",
      folder: code === "open_copy" ? "/home/ada/.local/share/oldgrowth-copy-1" : null,
    };
    this.#before.set(receipt.id, this.#components);
    this.#mended.add(code);
    this.#mend(mends, at);
    this.#receipts = [receipt, ...this.#receipts];
    this.#timeline.add({ kind: "fix", receipt: receipt.id, code, summary, undone: false });
    return receipt;
  }

  stopFix(): Record<string, never> {
    this.#stopFix = true;
    return {};
  }

  async undo(id: string): Promise<FixReceipt> {
    await pause(400);
    const receipt = this.#receipts.find((one) => one.id === id);
    if (receipt === undefined || receipt.undo_until === null) throw { code: "not_found", message: "this can’t be undone any more", hint: null } satisfies WireError;
    const undone = { ...receipt, undo_until: null, undone_at: new Date().toISOString() };
    this.#receipts = this.#receipts.map((one) => (one.id === id ? undone : one));
    this.#mended.delete(receipt.code);
    const before = this.#before.get(id);
    if (before !== undefined) this.#set(before);
    this.#timeline.add({ kind: "fix", receipt: id, code: receipt.code, summary: receipt.summary, undone: true });
    return undone;
  }

  receipts(): FixReceipt[] {
    return this.#receipts;
  }

  timeline(at: TimelineAt): Timeline {
    return this.#timeline.page(at, this.status().state);
  }

  async report(names: boolean): Promise<Report> {
    await pause(120);
    const { headline, components } = this.status();
    const id = names ? "7QF3-K2MD" : "7QF3-K2MC";
    const rows = components.map((row) => ({
      ...row,
      evidence: row.evidence.map(({ label, value, redacted }) => ({ label, value: names || redacted === null ? value : redacted })),
    }));
    const lines = rows.flatMap(({ code, state, cause, evidence, since }) => [`${state.padEnd(8)} ${code}: ${cause} (since ${since})`, ...evidence.map(({ label, value }) => `           ${label}: ${value}`)]);
    const head = [`Oldgrowth health report ${id}`, "", "Oldgrowth 0.1.0 on Linux, x86-64, 8 GB", headline, ""];
    return { id, text: [...head, ...lines, ""].join("\n"), json: JSON.stringify({ id, version: "0.1.0", headline, components: rows }, null, 2) };
  }

  #mend(mends: Partial<Record<ComponentCode, string>>, at: string): void {
    if ("store" in mends) {
      this.#headline = "";
      this.#set(allWell());
      return;
    }
    for (const [code, cause] of Object.entries(mends) as [ComponentCode, string][]) {
      const row = this.#row(code);
      if (row.state !== "ok") this.#timeline.add({ kind: "health", code, from: row.state, to: "ok", cause });
      this.#set([{ ...row, state: "ok", cause, since: at, last_ok: at, checked_at: at, next: null, fixes: [], evidence: [] }]);
      this.#release(code);
    }
    this.#headline = "";
    this.#set([]);
  }

  /** What waited for it can be looked at again. */
  #release(code: ComponentCode): void {
    for (const row of this.#components.filter(({ waits_for }) => waits_for === code)) {
      this.#set([{ ...row, state: "ok", cause: foundOf[row.code] ?? "As it should be.", waits_for: null, checked_at: new Date().toISOString() }]);
      this.#release(row.code);
    }
  }

  #row(code: ComponentCode): Component {
    const row = this.#components.find((one) => one.code === code);
    if (row === undefined) throw { code: "not_found", message: "there is no such check", hint: null } satisfies WireError;
    return row;
  }

  #set(rows: Component[]): void {
    this.#components = this.#components.map((row) => rows.find(({ code }) => code === row.code) ?? row);
    this.#seq += 1;
    this.emit({ event: "health", ...this.status() });
  }
}

const foundOf: Partial<Record<ComponentCode, string>> = {
  orphans: "Everything belongs to something.",
  round_trip: "A test note was kept, found, cited and forgotten; nothing of it is left.",
  tree: "Nothing waits for a summary.",
  faithful: "Each of 411 sentences stands in its sources.",
};

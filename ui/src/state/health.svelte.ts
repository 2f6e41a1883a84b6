import { toWireError } from "../errors";
import type { Platform } from "../platform";
import type { Component } from "../wire/Component";
import type { HealthState } from "../wire/HealthState";
import type { Status } from "../wire/Status";
import type { WireError } from "../wire/WireError";

const weight: Record<HealthState, number> = { fail: 0, warn: 1, unknown: 2, ok: 3 };

/** The health of everything, as last heard of. The sidebar and the Doctor both read it here. */
export class Health {
  status = $state.raw<Status | null>(null);
  error = $state.raw<WireError | null>(null);
  busy = $state<"check" | "try" | null>(null);

  /** The next status counts from a new beginning. */
  #anew = false;

  constructor(private readonly platform: Platform) {}

  /** The memory was closed and opened again, and counts anew. */
  renew(): void {
    this.#anew = true;
  }

  /** Takes a status unless a newer one is known. */
  apply(status: Status): void {
    if (!this.#anew && this.status !== null && status.seq < this.status.seq) return;
    this.#anew = false;
    this.status = status;
    this.error = null;
  }

  load(): Promise<void> {
    return this.#ask("status");
  }

  async check(): Promise<void> {
    this.busy = "check";
    await this.#ask("doctor");
    this.busy = null;
  }

  async tryNow(): Promise<void> {
    this.busy = "try";
    await this.#ask("store_try_now");
    this.busy = null;
  }

  get storeFails(): boolean {
    return this.#store?.state === "fail";
  }

  get storeUnwell(): boolean {
    const state = this.#store?.state;
    return state === "fail" || state === "warn";
  }

  /** In words, how much of what was read can be found. */
  get coverage(): string | null {
    return this.status?.components.find(({ code }) => code === "coverage")?.cause ?? null;
  }

  get needsAttention(): Component[] {
    return (this.status?.components ?? [])
      .filter(({ state }) => state === "fail" || state === "warn")
      .toSorted((a, b) => weight[a.state] - weight[b.state]);
  }

  get #store(): Component | undefined {
    return this.status?.components.find(({ code }) => code === "store");
  }

  async #ask(method: "status" | "doctor" | "store_try_now"): Promise<void> {
    try {
      this.apply(await this.platform.call(method, {}));
    } catch (thrown) {
      this.error = toWireError(thrown);
    }
  }
}

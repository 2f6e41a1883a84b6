import { toWireError } from "../errors";
import type { Platform } from "../platform";
import { Latest } from "../shared/latest";
import type { Network } from "../wire/Network";
import type { NetworkAt } from "../wire/NetworkAt";
import type { NetworkHost } from "../wire/NetworkHost";
import type { WireError } from "../wire/WireError";

/** How many calls are shown at first, and how many more each time. */
export const CALLS_STEP = 50;

/** The calls to other computers, and the switch that ends them. */
export class NetworkState {
  network = $state.raw<Network | null>(null);
  error = $state.raw<WireError | null>(null);
  /** Why the switch could not be turned. */
  failure = $state.raw<WireError | null>(null);
  busy = $state(false);
  /** The row whose single calls are shown. */
  opened = $state.raw<Pick<NetworkHost, "host" | "purpose"> | null>(null);
  /** What is shown of it is not what was asked for yet. */
  reading = $state(false);
  #limit = CALLS_STEP;
  #latest = new Latest();

  constructor(private readonly platform: Platform) {}

  readonly offline = $derived(this.network?.offline ?? false);

  isOpen({ host, purpose }: NetworkHost): boolean {
    return this.opened?.host === host && this.opened.purpose === purpose;
  }

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    const { opened } = this;
    const at: NetworkAt = { host: opened?.host ?? null, purpose: opened?.purpose ?? null, offset: 0, limit: opened === null ? 0 : this.#limit };
    try {
      const network = await this.platform.call("network", at);
      if (!isNewest()) return;
      this.network = network;
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
    if (isNewest()) this.reading = false;
  }

  /** Shows the single calls of a row, or no longer. */
  async toggle(row: NetworkHost): Promise<void> {
    this.opened = this.isOpen(row) ? null : { host: row.host, purpose: row.purpose };
    this.#limit = CALLS_STEP;
    // Those of another row are not this one's.
    if (this.network !== null) this.network = { ...this.network, calls: [], calls_in_all: 0 };
    this.reading = this.opened !== null;
    if (this.reading) await this.load();
  }

  async more(): Promise<void> {
    this.#limit += CALLS_STEP;
    this.reading = true;
    await this.load();
  }

  /** Answers whether it is so now. */
  async setOffline(on: boolean): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      const { offline, unreadable } = await this.platform.call("offline_set", { on });
      if (this.network !== null) this.network = { ...this.network, offline, unreadable };
    } catch (thrown) {
      this.failure = toWireError(thrown);
    }
    this.busy = false;
    // What was read before the choice says nothing of it.
    await this.load();
    return this.failure === null;
  }
}

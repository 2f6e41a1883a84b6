import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { Copies } from "../../wire/Copies";
import type { CopyProgress } from "../../wire/CopyProgress";
import type { KeptAside } from "../../wire/KeptAside";
import type { RestorePreview } from "../../wire/RestorePreview";
import type { WireError } from "../../wire/WireError";

/** A copy that a person thinks of putting back. Nothing changes before they say so. */
export interface RestoreAsk {
  id: string;
  preview: RestorePreview | null;
  error: WireError | null;
  restoring: boolean;
}

/** Something else to be confirmed first. */
export type Ask = { what: "discard"; set: KeptAside } | { what: "damage"; changes: number };

/** What was done last, to be told. */
export type Done = { what: "made" | "verified" | "stopped" | "discarded" } | { what: "restored"; setAside: string };

/** Backups, what is kept aside, and what is being done with them. */
export class CopiesState {
  copies = $state.raw<Copies | null>(null);
  error = $state.raw<WireError | null>(null);
  /** Why what was asked for last could not be done. */
  failure = $state.raw<WireError | null>(null);
  progress = $state.raw<CopyProgress | null>(null);
  busy = $state(false);
  restore = $state.raw<RestoreAsk | null>(null);
  ask = $state.raw<Ask | null>(null);
  done = $state.raw<Done | null>(null);
  #latest = new Latest();
  #latestPreview = new Latest();

  constructor(
    private readonly platform: Platform,
    private readonly onDone: (done: Done) => void,
  ) {}

  /** Something is being made, checked or put back, here or by another program. */
  get running(): CopyProgress | null {
    return this.progress ?? this.copies?.running ?? null;
  }

  get dialogOpen(): boolean {
    return this.restore !== null || this.ask !== null;
  }

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const copies = await this.platform.call("copies", {});
      if (isNewest()) this.#take(copies);
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** Takes a step of what is under way, from an event. */
  apply(progress: CopyProgress): void {
    this.progress = progress;
  }

  /** Nothing is under way any more. */
  ended(): void {
    this.progress = null;
    void this.load();
  }

  make(): Promise<void> {
    return this.#work(async () => {
      await this.platform.call("backup_make", { to: null });
      return { what: "made" };
    });
  }

  verify(id: string): Promise<void> {
    return this.#work(async () => {
      const backup = await this.platform.call("backup_verify", { id });
      if (backup.problem !== null) throw { code: "needs_person", message: backup.problem, hint: null } satisfies WireError;
      return { what: "verified" };
    });
  }

  async cancel(): Promise<void> {
    try {
      await this.platform.call("copy_cancel", {});
    } catch (thrown) {
      this.failure = toWireError(thrown);
    }
  }

  async show(id: string): Promise<void> {
    this.failure = null;
    try {
      await this.platform.showCopy(id);
    } catch (thrown) {
      this.failure = toWireError(thrown);
    }
  }

  /** Looks what restoring this copy would bring. */
  async propose(id: string): Promise<void> {
    const isNewest = this.#latestPreview.begin();
    this.done = null;
    this.restore = { id, preview: null, error: null, restoring: false };
    try {
      const preview = await this.platform.call("restore_preview", { id });
      if (isNewest()) this.restore = { id, preview, error: null, restoring: false };
    } catch (thrown) {
      if (isNewest()) this.restore = { id, preview: null, error: toWireError(thrown), restoring: false };
    }
  }

  async confirmRestore(): Promise<void> {
    const { restore } = this;
    if (restore === null || restore.preview === null || restore.restoring) return;
    this.restore = { ...restore, error: null, restoring: true };
    try {
      const { set_aside } = await this.platform.call("restore", { id: restore.id });
      this.restore = null;
      this.#tell({ what: "restored", setAside: set_aside });
    } catch (thrown) {
      this.restore = { ...restore, error: toWireError(thrown), restoring: false };
    }
    this.ended();
  }

  /** A restore that has begun is seen to its end. */
  dismiss(): void {
    if (this.restore?.restoring) return;
    this.#latestPreview.begin();
    this.restore = null;
  }

  async confirmAsk(): Promise<void> {
    const { ask } = this;
    this.ask = null;
    if (ask === null) return;
    await this.#work(async () => {
      if (ask.what === "discard") {
        this.#take(await this.platform.call("kept_aside_discard", { id: ask.set.id }));
        return { what: "discarded" };
      }
      await this.platform.call("damage_accept", {});
      return null;
    });
  }

  async #work(work: () => Promise<Done | null>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = null;
    this.done = null;
    try {
      const done = await work();
      if (done !== null) this.#tell(done);
    } catch (thrown) {
      const error = toWireError(thrown);
      if (error.code === "cancelled") this.#tell({ what: "stopped" });
      else this.failure = error;
    }
    this.busy = false;
    this.ended();
  }

  #take(copies: Copies): void {
    this.copies = copies;
    this.error = null;
  }

  #tell(done: Done): void {
    this.done = done;
    this.onDone(done);
  }
}

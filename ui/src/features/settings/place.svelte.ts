import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { CopyLeft } from "../../wire/CopyLeft";
import type { MovePlan } from "../../wire/MovePlan";
import type { MoveProgress } from "../../wire/MoveProgress";
import type { Place } from "../../wire/Place";
import type { WireError } from "../../wire/WireError";

/** A folder that a person thinks of moving the memory to. Nothing changes before they say so. */
export interface MoveAsk {
  folder: string;
  plan: MovePlan | null;
  error: WireError | null;
}

export type PlaceDone = "moved" | "stopped" | "used" | "removed";

/** Where the memory lives, and its move to another folder. */
export class PlaceState {
  place = $state.raw<Place | null>(null);
  error = $state.raw<WireError | null>(null);
  /** Why what was asked for last could not be done. */
  failure = $state.raw<WireError | null>(null);
  done = $state.raw<PlaceDone | null>(null);
  ask = $state.raw<MoveAsk | null>(null);
  /** A copy that a person thinks of removing. */
  removing = $state.raw<CopyLeft | null>(null);
  busy = $state(false);
  stopping = $state(false);
  #progress = $state.raw<MoveProgress | null>(null);
  #latest = new Latest();
  #latestPlan = new Latest();

  constructor(
    private readonly platform: Platform,
    private readonly onDone: (done: PlaceDone) => void,
  ) {}

  /** The move that is under way, begun here or by another program. */
  get moving(): MoveProgress | null {
    return this.#progress ?? this.place?.moving ?? null;
  }

  get dialogOpen(): boolean {
    return this.ask !== null || this.removing !== null;
  }

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const place = await this.platform.call("place", {});
      if (!isNewest()) return;
      this.place = place;
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** Takes a step of a move, from an event. */
  apply(progress: MoveProgress): void {
    this.#progress = progress;
  }

  /** No move is under way any more. */
  async ended(): Promise<void> {
    this.#progress = null;
    this.stopping = false;
    if (this.place !== null) this.place = { ...this.place, moving: null };
    await this.load();
  }

  /** Lets the person choose a folder, and looks what moving there would do. */
  async choose(): Promise<void> {
    this.done = null;
    this.failure = null;
    try {
      const [folder] = await this.platform.pickPaths("place");
      if (folder !== undefined) await this.propose(folder);
    } catch (thrown) {
      this.failure = toWireError(thrown);
    }
  }

  async propose(folder: string): Promise<void> {
    const isNewest = this.#latestPlan.begin();
    this.ask = { folder, plan: null, error: null };
    try {
      const plan = await this.platform.call("move_plan", { folder });
      if (isNewest()) this.ask = { folder, plan, error: null };
    } catch (thrown) {
      if (isNewest()) this.ask = { folder, plan: null, error: toWireError(thrown) };
    }
  }

  dismiss(): void {
    this.#latestPlan.begin();
    this.ask = null;
    this.removing = null;
  }

  async confirmMove(): Promise<void> {
    const { ask } = this;
    if (ask?.plan == null || ask.plan.refusal !== null) return;
    this.ask = null;
    await this.#work("moved", () => this.platform.call("move_start", { folder: ask.plan?.to ?? ask.folder }));
    await this.ended();
  }

  async cancel(): Promise<void> {
    this.stopping = true;
    try {
      await this.platform.call("move_cancel", {});
    } catch (thrown) {
      this.failure = toWireError(thrown);
      this.stopping = false;
    }
  }

  /** Uses the memory that lies in a folder, from now on. True when it is open. */
  async use(folder: string): Promise<boolean> {
    this.ask = null;
    await this.#work("used", () => this.platform.call("place_use", { folder }));
    return this.failure === null;
  }

  /** Lets the person choose the folder of a memory, and uses it. */
  async chooseToUse(): Promise<boolean> {
    this.failure = null;
    try {
      const [folder] = await this.platform.pickPaths("place");
      return folder !== undefined && (await this.use(folder));
    } catch (thrown) {
      this.failure = toWireError(thrown);
      return false;
    }
  }

  /** Begins an empty memory beside the one that is not there. True when it is open. */
  async begin(): Promise<boolean> {
    const code = "start_fresh";
    await this.#work("used", async () => {
      const plan = await this.platform.call("fix_plan", { code });
      await this.platform.call("fix_apply", { code, plan: plan.id });
      return this.platform.call("place", {});
    });
    return this.failure === null;
  }

  async confirmRemove(): Promise<void> {
    const { removing } = this;
    this.removing = null;
    if (removing === null) return;
    await this.#work("removed", () => this.platform.call("copy_left_remove", { folder: removing.folder }));
  }

  async show(folder: string): Promise<void> {
    this.failure = null;
    try {
      await this.platform.showPlace(folder);
    } catch (thrown) {
      this.failure = toWireError(thrown);
    }
  }

  async #work(done: PlaceDone, work: () => Promise<Place>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = null;
    this.done = null;
    try {
      this.place = await work();
      this.#tell(done);
    } catch (thrown) {
      const error = toWireError(thrown);
      if (error.code === "cancelled") this.#tell("stopped");
      else this.failure = error;
    }
    this.busy = false;
  }

  #tell(done: PlaceDone): void {
    this.done = done;
    this.onDone(done);
  }
}

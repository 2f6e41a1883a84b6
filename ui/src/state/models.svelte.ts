import { toWireError } from "../errors";
import type { Platform } from "../platform";
import { Latest } from "../shared/latest";
import type { ModelLimits } from "../wire/ModelLimits";
import type { ModelRole } from "../wire/ModelRole";
import type { Models } from "../wire/Models";
import type { WireError } from "../wire/WireError";

/** What could not be done, so that it is said where it was asked for. */
export type ModelPart = "server" | "model" | "key" | "consent" | "trial" | "limits";

export const roles: readonly ModelRole[] = ["summaries", "embeddings", "reranking"];

/** The models of servers that were chosen, and the one that is looked at. */
export class ModelsState {
  role = $state<ModelRole>("summaries");
  models = $state.raw<Models | null>(null);
  error = $state.raw<WireError | null>(null);
  failure = $state.raw<{ of: ModelPart; error: WireError } | null>(null);
  busy = $state(false);
  /** What the server was asked for, and has not answered yet. */
  asking = $state<"names" | "test" | null>(null);
  /** What the server has, once it was asked. */
  names = $state.raw<string[] | null>(null);
  /** How long the model took for its trial. */
  tookMs = $state<number | null>(null);
  #latest = new Latest();

  constructor(private readonly platform: Platform) {}

  /** Nothing is to be changed meanwhile: a test is one of what is shown. */
  get held(): boolean {
    return this.busy || this.asking !== null;
  }

  readonly chosen = $derived(this.models?.[this.role] ?? null);

  /** The computers that texts of the person’s memories leave for, and for what. */
  readonly leavesFor = $derived(
    roles.flatMap((role) => {
      const chosen = this.models?.[role];
      return chosen && !chosen.here && chosen.agreed && chosen.model && !chosen.untried ? [{ role, host: chosen.host }] : [];
    }),
  );

  turnTo(role: ModelRole): void {
    this.role = role;
    this.names = this.tookMs = this.failure = null;
  }

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const models = await this.platform.call("models", {});
      if (!isNewest()) return;
      this.#show(models);
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** Answers whether it is chosen now. */
  async choose(of: "server" | "model", address: string, model: string): Promise<boolean> {
    return this.#change(of, () => this.platform.call("model_choose", { role: this.role, address, model }));
  }

  async clear(): Promise<boolean> {
    return this.#change("server", () => this.platform.call("model_clear", { role: this.role }));
  }

  /** A yes to the address that was shown, and to no other. */
  async agree(address: string, on: boolean): Promise<boolean> {
    return this.#change("consent", () => this.platform.call("model_agree", { role: this.role, address, on }));
  }

  async setKey(key: string | null): Promise<boolean> {
    return this.#change("key", () => this.platform.call("model_key_set", { role: this.role, key }));
  }

  async setLimits(limits: ModelLimits): Promise<boolean> {
    return this.#change("limits", () => this.platform.call("model_limits_set", limits));
  }

  async list(): Promise<void> {
    await this.#ask("names", "model", async () => {
      this.names = (await this.platform.call("model_names", { role: this.role })).names;
    });
  }

  async test(): Promise<void> {
    this.tookMs = null;
    await this.#ask("test", "trial", async () => {
      this.tookMs = (await this.platform.call("model_test", { role: this.role })).took_ms;
    });
    // Whether it is asked again may have changed with it.
    await this.load();
  }

  async stop(): Promise<void> {
    try {
      await this.platform.call("model_trial_cancel", {});
    } catch {
      // Then it ends by itself.
    }
  }

  async #ask(what: "names" | "test", of: ModelPart, ask: () => Promise<void>): Promise<void> {
    if (this.held) return;
    this.asking = what;
    this.failure = null;
    try {
      await ask();
    } catch (thrown) {
      const error = toWireError(thrown);
      // Who has stopped it knows.
      if (error.code !== "cancelled") this.failure = { of, error };
    }
    this.asking = null;
  }

  async #change(of: ModelPart, change: () => Promise<Models>): Promise<boolean> {
    if (this.held) return false;
    this.busy = true;
    this.failure = null;
    this.tookMs = null;
    try {
      const models = await change();
      this.#latest.begin();
      this.#show(models);
    } catch (thrown) {
      this.failure = { of, error: toWireError(thrown) };
    }
    this.busy = false;
    return this.failure === null;
  }

  #show(models: Models): void {
    // The models of another server are not this one’s.
    if (models[this.role]?.address !== this.chosen?.address) this.names = null;
    this.models = models;
  }
}

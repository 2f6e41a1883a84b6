import type { Event } from "../../wire/Event";
import type { ModelChosen } from "../../wire/ModelChosen";
import type { ModelRole } from "../../wire/ModelRole";
import type { Models } from "../../wire/Models";
import type { Params } from "../index";
import type { WireError } from "../../wire/WireError";

const roles = ["summaries", "embeddings", "reranking"] as const;

const DEFAULT_LIMITS = { calls_max: 500, bytes_max: 10_000_000 };

const local: ModelChosen = { address: "http://localhost:11434/v1", host: "localhost:11434", model: "qwen3:4b", here: true, encrypted: false, agreed: false, untried: false, key: null, trouble: null };

const service: ModelChosen = { address: "https://api.a-service-of-models.example/v1", host: "api.a-service-of-models.example", model: "small-and-quick", here: false, encrypted: true, agreed: true, untried: false, key: "keychain", trouble: null };

function first(scenario: string): ModelChosen | null {
  switch (scenario) {
    case "model":
      return local;
    case "service":
      return service;
    case "modelaway":
      return {
        ...local,
        trouble: { cause: "nothing takes calls at this address", next: "start the server, or check the port of its address", since: "2026-11-20T09:12:00Z", until: "2026-11-20T09:52:00Z" },
      };
    default:
      return null;
  }
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const failed = (code: WireError["code"], message: string, hint: string | null): WireError => ({ code, message, hint });

/** A made-up server of models. One at port 9 is not there, and one at port 7 never answers. */
export class FakeModels {
  #chosen: Record<ModelRole, ModelChosen | null>;
  #limits = DEFAULT_LIMITS;
  #stop: (() => void) | null = null;

  constructor(
    private readonly scenario: string,
    private readonly emit: (event: Event) => void,
    private readonly offline: () => boolean,
  ) {
    this.#chosen = { summaries: first(scenario), embeddings: null, reranking: null };
  }

  get(): Models {
    const spent = this.scenario === "service" ? { calls_today: 37, bytes_today: 412_300 } : { calls_today: 0, bytes_today: 0 };
    return {
      ...this.#chosen,
      unreadable: this.scenario === "modelunread" && this.#chosen.summaries === null,
      limits: this.#limits,
      limits_most: { calls_max: 100_000, bytes_max: 10_000_000_000 },
      ...spent,
      offline: this.offline(),
      folder: "/home/ada/.local/share/oldgrowth/models",
    };
  }

  choose({ role, address, model }: Params<"model_choose">): Models {
    if (!/^(https?:\/\/)?[\w.-]+(:\d+)?(\/[\w/.-]*)?$/.test(address.trim())) {
      throw failed("usage", "this is no address of a server", "write it as localhost:11434 or https://api.example/v1; a key has a field of its own");
    }
    const here = /^(http:\/\/)?(localhost|127\.)/.test(address.trim());
    const whole = address.includes("://") ? address.trim() : `${here ? "http" : "https"}://${address.trim()}`;
    const { protocol, host, pathname } = new URL(whole);
    const full = `${protocol}//${host}${pathname === "/" ? "/v1" : pathname.replace(/\/$/, "")}`;
    const same = this.#chosen[role]?.address === full ? this.#chosen[role] : null;
    const untried = role === "embeddings" && (same?.model !== model || same.untried);
    const key = this.#at(full).find((one) => this.#chosen[one]!.key !== null);
    this.#chosen[role] = { address: full, host, model, here, encrypted: protocol === "https:", agreed: same?.agreed ?? false, untried, key: key ? this.#chosen[key]!.key : null, trouble: null };
    return this.#changed();
  }

  clear({ role }: Params<"model_clear">): Models {
    this.#chosen[role] = null;
    return this.#changed();
  }

  agree({ role, address, on }: Params<"model_agree">): Models {
    const chosen = this.#chosen[role];
    if (chosen?.address !== address) throw failed("busy", "something else is chosen by now, so nothing was changed", "look at it again");
    this.#chosen[role] = { ...chosen, agreed: on };
    return this.#changed();
  }

  setKey({ role, key }: Params<"model_key_set">): Models {
    const chosen = this.#chosen[role];
    if (chosen === null) throw failed("usage", "no model is chosen", "name its server first, then the model");
    if (key !== null && /\s/.test(key)) throw failed("usage", "this is no key", "a key is one word without spaces");
    const place = this.scenario === "model" ? "file" : "keychain";
    for (const one of this.#at(chosen.address)) this.#chosen[one] = { ...this.#chosen[one]!, key: key === null ? null : place };
    return this.#changed();
  }

  setLimits(limits: Params<"model_limits_set">): Models {
    this.#limits = limits;
    return this.#changed();
  }

  async names({ role }: Params<"model_names">): Promise<{ names: string[] }> {
    await this.#answered(role);
    return { names: ["gemma3:4b", "llama3.2:3b", "nomic-embed-text", "qwen3:4b"] };
  }

  async test({ role }: Params<"model_test">): Promise<{ took_ms: number }> {
    await this.#answered(role);
    const chosen = this.#chosen[role];
    if (chosen !== null) this.#chosen[role] = { ...chosen, untried: false };
    return { took_ms: 1240 };
  }

  cancel(): Record<string, never> {
    this.#stop?.();
    return {};
  }

  async #answered(role: ModelRole): Promise<void> {
    const host = this.#chosen[role]?.host ?? "";
    if (host.endsWith(":7")) {
      await new Promise<void>((resolve) => (this.#stop = resolve));
      throw failed("cancelled", "it was called off", null);
    }
    await wait(200);
    if (this.scenario === "modelaway" || host.endsWith(":9")) throw failed("unavailable", "nothing takes calls at this address", "start the server, or check the port of its address");
  }

  /** What this computer is chosen for. It has one key. */
  #at(address: string): ModelRole[] {
    return roles.filter((role) => this.#chosen[role] !== null && new URL(this.#chosen[role].address).origin === new URL(address).origin);
  }

  #changed(): Models {
    this.emit({ event: "models_changed" });
    return this.get();
  }
}

import type { Event } from "../../wire/Event";
import type { Network } from "../../wire/Network";
import type { NetworkAt } from "../../wire/NetworkAt";
import type { NetworkCall } from "../../wire/NetworkCall";
import type { NetworkHost } from "../../wire/NetworkHost";
import type { WireError } from "../../wire/WireError";

const HOUR_MS = 60 * 60 * 1000;
const NEWEST = Date.parse("2026-11-20T09:42:10Z");

const call = (hours: number, part: Partial<NetworkCall> = {}): NetworkCall => ({
  at: new Date(NEWEST - hours * HOUR_MS).toISOString(),
  host: "reports.oldgrowth.example",
  purpose: "crash_report",
  outcome: "answered",
  status: 200,
  sent_bytes: 4_310 + ((hours * 37) % 400),
  received_bytes: 5_120,
  ...part,
});

const lost = { status: null, sent_bytes: 0, received_bytes: 0 } as const;

/** As a person who let crash reports be sent has seen them go. */
const few: NetworkCall[] = [
  call(0, { outcome: "under_way", status: null, sent_bytes: null, received_bytes: null }),
  call(0.1, { ...lost, outcome: "unreachable" }),
  call(26),
  call(70, { status: 429, received_bytes: 4_870 }),
  call(190, { outcome: "no_end", status: null, sent_bytes: null, received_bytes: null }),
];

/** And who named a server of their own before. */
const many: NetworkCall[] = [
  ...few,
  ...Array.from({ length: 120 }, (_, n) => call(200 + n * 9, { host: "reports.a-rather-long-name-of-a-department.university.example:8443" })),
  call(1400, { ...lost, outcome: "not_safe", sent_bytes: 517, received_bytes: 7, host: "192.168.20.4" }),
];

/** Made-up calls, and the switch. */
export class FakeNetwork {
  #offline: boolean;
  #unreadable: boolean;
  readonly #calls: NetworkCall[];

  constructor(
    private readonly scenario: string,
    private readonly emit: (event: Event) => void,
  ) {
    this.#unreadable = scenario === "noswitch";
    this.#offline = this.#unreadable || scenario === "switchedoff";
    this.#calls = scenario === "called" ? many : ["reports", "switchedoff"].includes(scenario) ? few.slice(1) : [];
  }

  get offline(): boolean {
    return this.#offline;
  }

  get({ host, purpose, offset, limit }: NetworkAt): Network {
    const wanted = this.#calls.filter((one) => (host === null || one.host === host) && (purpose === null || one.purpose === purpose));
    const problem = this.scenario === "nolist" ? "permission denied" : null;
    return {
      offline: this.#offline,
      unreadable: this.#unreadable,
      since: this.#calls.at(-1)?.at ?? null,
      days: 90,
      hosts: hostsOf(this.#calls),
      calls: wanted.slice(offset, offset + limit),
      calls_in_all: wanted.length,
      problem,
      unread_lines: this.scenario === "called" ? 2 : 0,
      folder: "/home/ada/.local/share/oldgrowth/network",
    };
  }

  set(on: boolean): Network {
    if (this.scenario === "nolist") throw { code: "read_only", message: "the choice can’t be kept: permission denied", hint: "check the rights and the free space of your own folder; it is as it was before" } satisfies WireError;
    this.#offline = on;
    this.#unreadable = false;
    this.emit({ event: "network_changed" });
    this.emit({ event: "crash_reports_changed" });
    return this.get({ host: null, purpose: null, offset: 0, limit: 0 });
  }
}

function hostsOf(calls: readonly NetworkCall[]): NetworkHost[] {
  const hosts = new Map<string, NetworkHost>();
  for (const { host, purpose, at, sent_bytes, received_bytes } of calls) {
    const known = hosts.get(host) ?? { host, purpose, calls: 0, last_at: at, sent_bytes: 0, received_bytes: 0, uncounted: 0 };
    hosts.set(host, {
      ...known,
      calls: known.calls + 1,
      sent_bytes: known.sent_bytes + (sent_bytes ?? 0),
      received_bytes: known.received_bytes + (received_bytes ?? 0),
      uncounted: known.uncounted + (sent_bytes === null ? 1 : 0),
    });
  }
  return [...hosts.values()];
}

import type { HeldCrashReport } from "../../wire/HeldCrashReport";
import type { CrashReports } from "../../wire/CrashReports";
import type { WireError } from "../../wire/WireError";

/** A report as the app makes it. */
function envelope(id: string, phase: string, file: string, line: number): string {
  const event = {
    event_id: id,
    fingerprint: [`panic|panic|||${phase}|${file}:${line}|3.54.1|debian`],
    timestamp: 1_795_168_800,
    platform: "native",
    release: "oldgrowth@0.1.0",
    contexts: { os: { type: "os", name: "debian", version: "12" } },
    exception: {
      values: [
        {
          type: "panic",
          stacktrace: {
            frames: [
              { function: "<oldgrowth_engine::engine::Core>::work", filename: "engine/src/jobs/workers.rs", lineno: 121, in_app: true },
              { function: "<oldgrowth_engine::engine::Core>::seal", filename: file, lineno: line, in_app: true },
            ],
          },
        },
      ],
    },
    tags: { class: "panic", phase, process: "window", sqlite: "3.54.1" },
  };
  const text = JSON.stringify(event);
  return `${JSON.stringify({ event_id: id })}\n${JSON.stringify({ type: "event", length: text.length })}\n${text}\n`;
}

const report = (number: number, part: Partial<HeldCrashReport>): HeldCrashReport => {
  const id = String(number).repeat(32);
  return { id, at: "2026-11-20T09:41:12Z", class: "panic", place: "engine/src/sealing.rs:214", asked: true, refused: null, envelope: envelope(id, "worker", "engine/src/sealing.rs", 214), ...part };
};

const held = [
  report(1, {}),
  report(2, { at: "2026-11-19T21:03:40Z", class: "store_unavailable", place: null }),
  report(3, { at: "2026-11-18T07:55:02Z", class: "page", place: "assets/index-1a2b3c4d.js:2", refused: 400 }),
];

const none: CrashReports = {
  consent: "no",
  asked: true,
  host: "reports.oldgrowth.example",
  held: [],
  offline: false,
  last_sent_at: null,
  next_try_at: null,
  folder: "/home/ada/.local/share/oldgrowth/reports",
  example: envelope("0".repeat(32), "worker", "engine/src/jobs/mod.rs", 1),
};

function first(scenario: string): CrashReports {
  switch (scenario) {
    case "ask":
      return { ...none, consent: "unasked", asked: false };
    case "crashed":
      return { ...none, consent: "unasked", held: [report(1, { asked: false })] };
    case "reports":
    case "called":
    case "switchedoff":
      return { ...none, consent: "yes", held, last_sent_at: "2026-11-12T17:20:00Z", next_try_at: "2026-11-20T12:00:00Z" };
    case "offline":
      return { ...none, consent: "yes", held: held.slice(0, 2) };
    case "unaddressed":
      return { ...none, consent: "unasked", host: null, held: held.slice(0, 2) };
    default:
      return none;
  }
}

/** Made-up reports. */
export class FakeReports {
  #reports: CrashReports;

  constructor(
    private readonly scenario: string,
    private readonly isOffline: () => boolean = () => false,
  ) {
    this.#reports = first(scenario);
  }

  get(): CrashReports {
    return { ...this.#reports, offline: this.isOffline() };
  }

  consent(on: boolean): CrashReports {
    return this.#set({ consent: on ? "yes" : "no", asked: true, held: on && this.#reports.host !== null && !this.isOffline() ? [] : this.#reports.held });
  }

  asked(): CrashReports {
    return this.#set({ asked: true, held: this.#reports.held.map((one) => ({ ...one, asked: true })) });
  }

  send(id: string): CrashReports {
    if (this.scenario === "offline") {
      throw { code: "unavailable", message: "the report could not be sent: nobody answers there", hint: "check the connection to the internet; it is kept, and can be sent later" } satisfies WireError;
    }
    if (this.isOffline()) {
      throw { code: "unavailable", message: "Oldgrowth is offline, so the report was not sent", hint: "it is kept; go online under Settings, Privacy, or with oldgrowth network offline off" } satisfies WireError;
    }
    return this.#set({ held: this.#reports.held.filter((one) => one.id !== id), last_sent_at: "2026-11-20T12:00:00Z" });
  }

  remove(id: string): CrashReports {
    return this.#set({ held: this.#reports.held.filter((one) => one.id !== id) });
  }

  removeAll(): CrashReports {
    return this.#set({ held: [] });
  }

  #set(part: Partial<CrashReports>): CrashReports {
    this.#reports = { ...this.#reports, ...part };
    return this.get();
  }
}

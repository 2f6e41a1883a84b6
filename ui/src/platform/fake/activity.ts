import type { Pause } from "../../wire/Pause";
import type { Work } from "../../wire/Work";

/** What the made-up memory is doing. */
export class FakeWork {
  #paused: Pause | null = null;

  now(): Work {
    return { paused: this.#paused, counts: { running: 0, waiting: 0, put_off: 0, failed: 0 } };
  }

  pause(): Work {
    this.#paused ??= { since: new Date().toISOString(), by: "person" };
    return this.now();
  }

  resume(): Work {
    this.#paused = null;
    return this.now();
  }
}

import type { Asker } from "../wire/Asker";

/** Numbers the questions of one box, so that a newer one calls the older one off. */
export class Turns {
  // A page that was loaded anew is another asker, for its turns begin anew.
  #name = crypto.getRandomValues(new Uint32Array(2)).join("-");
  #turn = 0;

  next(): Asker {
    this.#turn += 1;
    return { name: this.#name, turn: this.#turn };
  }
}

import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { People } from "../../wire/People";
import type { Person } from "../../wire/Person";
import type { TreeView } from "../../wire/TreeView";
import type { WireError } from "../../wire/WireError";

/** From so many people on, a box narrows the list. */
export const FILTER_FROM = 12;

/** How many topics are listed; the tree has them all. */
const TOPICS_MAX = 24;

/** Those who speak in the memory, and its topics. */
export class PeopleState {
  known = $state.raw<People | null>(null);
  topics = $state.raw<TreeView | null>(null);
  error = $state.raw<WireError | null>(null);
  /** What is typed to narrow the list. */
  typed = $state("");
  #latest = new Latest();

  constructor(private readonly platform: Platform) {}

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const [known, topics] = await Promise.all([this.platform.call("people", {}), this.platform.call("tree", { node: "topics", offset: 0, limit: TOPICS_MAX })]);
      if (!isNewest()) return;
      this.known = known;
      this.topics = topics;
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  shown: Person[] = $derived.by(() => {
    const wanted = this.typed.trim().toLocaleLowerCase();
    const people = this.known?.people ?? [];
    return wanted === "" ? people : people.filter(({ author }) => author.toLocaleLowerCase().includes(wanted));
  });
}

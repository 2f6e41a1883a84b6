import type { IconName } from "../../shared/Icon.svelte";
import type { ShortcutName } from "../../shared/shortcuts";
import { matching, wordsOf, type Findable } from "./match";

/** The groups in the order in which they are shown. Places come first: Enter without a look at the list then changes nothing. */
export const commandGroups = ["places", "here", "actions", "sources"] as const;
export type CommandGroup = (typeof commandGroups)[number];

/** Something the window can do now. */
export interface Command extends Findable {
  id: string;
  group: CommandGroup;
  icon: IconName;
  /** What tells it from others of its name. */
  about?: string;
  shortcut?: ShortcutName;
  /** It comes when it is named, as sources do. */
  hidden?: boolean;
  run(): void;
}

export interface Section {
  /** Null where the nearest comes first, whatever its group. */
  group: CommandGroup | null;
  commands: Command[];
}

/** How many results are shown; who has more to choose from types more. */
export const RESULTS_MAX = 60;
/** How many results a page key moves by. */
const PAGE = 8;

/** The commands to choose from, and the one that Enter runs. */
export class Palette {
  open = $state(false);
  #query = $state("");
  #activeId = $state<string | null>(null);
  #chosen: Command | null = null;

  constructor(
    /** All that can be done now. Read only while the palette is open. */
    private readonly all: () => Command[],
    /** What to do with the text itself, or null when nothing can be asked. */
    private readonly asking: (text: string) => Command | null,
  ) {}

  sections: Section[] = $derived.by(() => (this.open ? this.#find() : []));
  results: Command[] = $derived(this.sections.flatMap(({ commands }) => commands));
  active: Command | null = $derived(this.results.find(({ id }) => id === this.#activeId) ?? this.results[0] ?? null);
  /** No command has these words; what was typed may still be asked. */
  nothing: boolean = $derived(this.results.every(({ id }) => id === ASK));

  get query(): string {
    return this.#query;
  }

  set query(text: string) {
    this.#query = text;
    this.#activeId = null;
  }

  show(): void {
    this.query = "";
    this.open = true;
  }

  /** Goes without doing anything. */
  dismiss(): void {
    this.open = false;
  }

  /** Closes first: a command may move the focus or open a dialog, and has to find the window as it was. */
  choose(command: Command | null): void {
    if (command === null) return;
    this.#chosen = command;
    this.open = false;
  }

  /** The palette is gone and the focus is back where it was. */
  closed(): void {
    const chosen = this.#chosen;
    this.#chosen = null;
    chosen?.run();
  }

  point(command: Command): void {
    this.#activeId = command.id;
  }

  /** What a key does to the list; true when the key was the list's. */
  key(key: string): boolean {
    const { results } = this;
    const at = results.findIndex(({ id }) => id === this.active?.id);
    const last = results.length - 1;
    const move = (to: number): true => {
      this.#activeId = results[to]?.id ?? null;
      return true;
    };
    switch (key) {
      case "ArrowDown":
        return move(at >= last ? 0 : at + 1);
      case "ArrowUp":
        return move(at <= 0 ? last : at - 1);
      case "PageDown":
        return move(Math.min(at + PAGE, last));
      case "PageUp":
        return move(Math.max(at - PAGE, 0));
      case "Home":
        return move(0);
      case "End":
        return move(last);
      case "Enter":
        this.choose(this.active);
        return true;
      default:
        return false;
    }
  }

  #find(): Section[] {
    const all = this.all();
    const text = this.#query.trim();
    if (text === "") {
      // The sources are many and have names: they come when they are named.
      return commandGroups
        .filter((group) => group !== "sources")
        .map((group) => ({ group, commands: all.filter((command) => command.group === group && command.hidden !== true) }))
        .filter(({ commands }) => commands.length > 0);
    }
    const found = wordsOf(text).length === 0 ? [] : matching(text, all).slice(0, RESULTS_MAX);
    const ask = this.asking(text);
    return [{ group: null, commands: ask === null ? found : [...found, ask] }];
  }
}

/** The id of the command that asks what was typed. */
export const ASK = "ask-typed";

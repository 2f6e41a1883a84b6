import type { Platform, Shell, WindowAct } from "../platform";

/** The window around the page. */
export class ShellState {
  now = $state.raw<Shell | null>(null);
  /** Closing the window was asked for while work is under way. */
  closing = $state(false);
  aboutOpen = $state(false);
  #last: Promise<boolean> = Promise.resolve(true);

  constructor(private readonly platform: Platform) {}

  async load(): Promise<void> {
    try {
      this.now = await this.platform.shell();
    } catch {
      this.now = null;
    }
  }

  /** Does something with the window, after what was asked for before; false when the system did not let it. */
  act(act: WindowAct): Promise<boolean> {
    this.#last = this.#last.then(() => this.#act(act));
    return this.#last;
  }

  async #act(act: WindowAct): Promise<boolean> {
    try {
      this.now = await this.platform.act(act);
      return true;
    } catch {
      return false;
    }
  }

  /** Says what closing does before it does it. The tray may have come or gone since it was last looked for. */
  async askToClose(): Promise<void> {
    await this.load();
    this.closing = true;
  }
}

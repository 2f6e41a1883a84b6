/** How long a toast stays, in milliseconds: one to read, and one to act on. Neither counts while it is pointed at or in focus. */
const SHOWN_MS = 4000;
const SHOWN_MS_WITH_ACTION = 10_000;
/** More than this many at a time would be a page of their own. */
const TOASTS_MAX = 3;

export interface ToastAction {
  label: string;
  run: () => void;
}

export interface Toast {
  id: number;
  text: string;
  /** Was it done? What was not done stands on its page too: a toast goes away. */
  ok: boolean;
  action: ToastAction | null;
}

/** Lines about what was done without a place on the page to show it, and the way back from it. */
export class Toasts {
  shown = $state.raw<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #held = false;

  constructor(private readonly say: (text: string) => void) {}

  show(text: string, { ok = true, action = null }: { ok?: boolean; action?: ToastAction | null } = {}): void {
    const toast: Toast = { id: this.#next, text, ok, action };
    this.#next += 1;
    // The same again is one line, not two.
    for (const old of this.shown) if (old.text === text) this.dismiss(old.id);
    for (const old of this.shown.slice(0, Math.max(0, this.shown.length + 1 - TOASTS_MAX))) this.dismiss(old.id);
    this.shown = [...this.shown, toast];
    this.say(action === null ? text : `${text} ${action.label}.`);
    if (!this.#held) this.#start(toast);
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
    // What is gone is no longer pointed at.
    if (this.#held) this.release();
  }

  act(id: number): void {
    const action = this.shown.find((toast) => toast.id === id)?.action ?? null;
    this.dismiss(id);
    action?.run();
  }

  /** Some toast offers a way back. */
  get undoable(): boolean {
    return this.shown.some(({ action }) => action !== null);
  }

  /** Does what the newest toast offers. */
  undo(): void {
    const newest = this.shown.findLast(({ action }) => action !== null);
    if (newest !== undefined) this.act(newest.id);
  }

  /** Nothing goes away while somebody points at it or has the focus in it. */
  hold(): void {
    this.#held = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  release(): void {
    this.#held = false;
    for (const toast of this.shown) this.#start(toast);
  }

  #start(toast: Toast): void {
    const after = toast.action === null ? SHOWN_MS : SHOWN_MS_WITH_ACTION;
    clearTimeout(this.#timers.get(toast.id));
    this.#timers.set(toast.id, setTimeout(() => this.dismiss(toast.id), after));
  }
}

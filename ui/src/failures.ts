import type { PageFailure, PageFrame, Platform } from "./platform";

/** What goes wrong again and again is told of this often for as long as the page is open. */
const TOLD_MAX = 20;
const FRAMES_MAX = 32;

/** `at name (address:line:column)` or `name@address:line:column`. */
const FRAME = /(?:^|[\s(@])([a-z]+:\/\/[^\s()@]+?):(\d{1,7}):(\d{1,7})\)?$/;

/** Where an error passed through our own scripts. Its words are none of it: they may quote anything. */
export function framesOf(error: Error): PageFrame[] {
  let stack = error.stack ?? "";
  // Some engines begin the stack with the message, which may look like frames itself.
  const message = String(error);
  if (stack.startsWith(message)) stack = stack.slice(message.length);
  const frames: PageFrame[] = [];
  for (const line of stack.split("\n")) {
    const [, address, row, column] = FRAME.exec(line) ?? [];
    const file = address === undefined ? null : ours(address);
    if (file !== null) frames.push({ file, line: Number(row), column: Number(column) });
    if (frames.length === FRAMES_MAX) break;
  }
  return frames;
}

/** A script of the app, by its path. */
function ours(address: string): string | null {
  const url = URL.parse(address);
  if (url === null || url.protocol !== location.protocol || url.host !== location.host) return null;
  return url.pathname.replace(/^\/+/, "");
}

/** Tells the app of what goes wrong in the page. */
export class Failures {
  #told = 0;

  constructor(private readonly platform: Platform) {}

  /** Hears of errors that nobody has caught. */
  listen(): void {
    addEventListener("error", ({ error }) => this.tell("error", error));
    addEventListener("unhandledrejection", ({ reason }) => this.tell("rejection", reason));
  }

  /** What isn't an error of the language holds no place in the code, and is shown where it is met. */
  tell(kind: PageFailure["kind"], thrown: unknown): void {
    if (!(thrown instanceof Error || thrown instanceof DOMException) || this.#told === TOLD_MAX) return;
    this.#told += 1;
    const frames = thrown instanceof Error ? framesOf(thrown) : [];
    // Telling of it must not be one more that fails.
    this.platform.pageFailed({ kind, name: thrown.name, frames }).catch(() => {});
  }
}

import type { Calls } from "../wire/Calls";
import type { Event } from "../wire/Event";
import type { WireError } from "../wire/WireError";

export type Method = keyof Calls;
export type Params<M extends Method> = Calls[M][0];
export type Reply<M extends Method> = Calls[M][1];

/** What a drag over the window does. Paths come only with the drop. */
export interface DropListener {
  over(): void;
  leave(): void;
  drop(paths: string[]): void;
}

export type Unlisten = () => void;

/** All that the window needs from outside the page. Every call rejects with a `WireError`. */
export interface Platform {
  call<M extends Method>(method: M, params: Params<M>): Promise<Reply<M>>;
  listen(on: (event: Event) => void): Promise<Unlisten>;
  onDrop(listener: DropListener): Promise<Unlisten>;
  /** The system's own dialog; empty when it was cancelled. */
  pickPaths(kind: "files" | "folder"): Promise<string[]>;
  /** The folder of the sample memories that come with the app. */
  samplesPath(): Promise<string>;
  /** Opens the document's file with the program the system has for it. */
  openOriginal(document: string): Promise<void>;
  /** Shows a backup, or what is kept aside, in the system's file manager. */
  showCopy(id: string): Promise<void>;
  /** Shows a source's folder in the system's file manager. */
  showSource(id: string): Promise<void>;
  /** Why the memory could not be opened at all, or null. */
  openError(): Promise<WireError | null>;
}

/** Inside the app this is Tauri; in a plain browser, a stand-in with made-up memories. */
export async function choosePlatform(): Promise<Platform> {
  if ("isTauri" in globalThis) {
    const { TauriPlatform } = await import("./tauri");
    return new TauriPlatform();
  }
  const { FakePlatform, scenarioOf } = await import("./fake");
  return new FakePlatform(scenarioOf(location.search));
}

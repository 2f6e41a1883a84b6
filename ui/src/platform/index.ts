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

/** The window, as far as the person chose how it is. */
export interface Shell {
  zoom_percent: number;
  /** Are the menus shown in the window? Null where they have another place. */
  menu_bar: boolean | null;
  /** The work goes on when the window is closed. */
  keep_running: boolean;
  /** The system tells when something fails. */
  notices: boolean;
  /** An icon of the app is where the person can see it. */
  tray: boolean;
}

/** What the page may do with its window. */
export type WindowAct =
  | "zoom_in"
  | "zoom_out"
  | "zoom_reset"
  | "full_screen"
  | "menu_bar"
  | "close"
  | "quit"
  | "keep_running"
  | "end_with_window"
  | "notices"
  | "no_notices";

/** The commands of the page's table that a menu, the tray or the window itself may ask for. */
export const outerCommands = [
  "note",
  "folder",
  "files",
  "back-up",
  "go-recall",
  "go-tree",
  "go-people",
  "go-sources",
  "go-activity",
  "go-doctor",
  "go-settings",
  "palette",
  "zoom-in",
  "zoom-out",
  "zoom-reset",
  "full-screen",
  "menu-bar",
  "back",
  "forward",
  "shortcuts",
  "copy-health",
  "about",
  "close-window",
  "quit",
] as const;
export type OuterCommand = (typeof outerCommands)[number];

/** A place in a script of the app, by its path, such as `assets/index-1a2b3c4d.js`. */
export interface PageFrame {
  file: string;
  line: number;
  column: number;
}

/** Something in the page has failed. There is no place for its words. */
export interface PageFailure {
  kind: "error" | "rejection" | "boundary";
  /** The name of the error's kind. */
  name: string;
  /** The innermost first. */
  frames: PageFrame[];
}

/** All that the window needs from outside the page. Every call rejects with a `WireError`. */
export interface Platform {
  call<M extends Method>(method: M, params: Params<M>): Promise<Reply<M>>;
  listen(on: (event: Event) => void): Promise<Unlisten>;
  onDrop(listener: DropListener): Promise<Unlisten>;
  /** A menu, the tray or the window itself asks for a command. */
  onCommand(on: (id: OuterCommand) => void): Promise<Unlisten>;
  shell(): Promise<Shell>;
  /** Does something with the window, and says how it is then. */
  act(act: WindowAct): Promise<Shell>;
  /** The system's own dialog; empty when it was cancelled. */
  pickPaths(kind: "files" | "folder" | "place"): Promise<string[]>;
  /** The folder of the sample memories that come with the app. */
  samplesPath(): Promise<string>;
  /** Opens the document's file with the program the system has for it. */
  openOriginal(document: string): Promise<void>;
  /** Shows the document's file in the system's file manager. */
  showOriginal(document: string): Promise<void>;
  /** Shows a backup, or what is kept aside, in the system's file manager. */
  showCopy(id: string): Promise<void>;
  /** Shows the memory's folder, or one that a move has left, in the system's file manager. */
  showPlace(folder: string): Promise<void>;
  /** Shows a source's folder in the system's file manager. */
  showSource(id: string): Promise<void>;
  /** Tells the app that something in the page has failed. */
  pageFailed(failure: PageFailure): Promise<void>;
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

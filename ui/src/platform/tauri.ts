import { invoke } from "@tauri-apps/api/core";
import { listen, TauriEvent } from "@tauri-apps/api/event";
import { toWireError } from "../errors";
import type { Event } from "../wire/Event";
import type { WireError } from "../wire/WireError";
import { outerCommands, type DropListener, type Method, type OuterCommand, type PageFailure, type Params, type Platform, type Reply, type Shell, type Unlisten, type WindowAct } from "./index";

async function command<T>(name: string, args?: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(name, args);
  } catch (thrown) {
    throw toWireError(thrown);
  }
}

export class TauriPlatform implements Platform {
  call<M extends Method>(method: M, params: Params<M>): Promise<Reply<M>> {
    return command<Reply<M>>("call", { request: { method, params } });
  }

  listen(on: (event: Event) => void): Promise<Unlisten> {
    return listen<Event>("oldgrowth", ({ payload }) => on(payload));
  }

  /** By the names of its events: the classes that wrap them are as much code as a place of the window. */
  async onDrop(listener: DropListener): Promise<Unlisten> {
    const unlistens = await Promise.all([
      listen(TauriEvent.DRAG_ENTER, () => listener.over()),
      listen(TauriEvent.DRAG_OVER, () => listener.over()),
      listen(TauriEvent.DRAG_LEAVE, () => listener.leave()),
      listen<{ paths: string[] }>(TauriEvent.DRAG_DROP, ({ payload }) => listener.drop(payload.paths)),
    ]);
    return () => unlistens.forEach((unlisten) => unlisten());
  }

  onCommand(on: (id: OuterCommand) => void): Promise<Unlisten> {
    return listen<string>("oldgrowth-command", ({ payload }) => {
      const id = outerCommands.find((known) => known === payload);
      if (id !== undefined) on(id);
    });
  }

  shell(): Promise<Shell> {
    return command("shell");
  }

  act(act: WindowAct): Promise<Shell> {
    return command("act", { act });
  }

  pickPaths(kind: "files" | "folder" | "place"): Promise<string[]> {
    return command("pick_paths", { kind });
  }

  samplesPath(): Promise<string> {
    return command("samples_path");
  }

  openOriginal(document: string): Promise<void> {
    return command("open_original", { document });
  }

  showOriginal(document: string): Promise<void> {
    return command("show_original", { document });
  }

  showCopy(id: string): Promise<void> {
    return command("show_copy", { id });
  }

  showPlace(folder: string): Promise<void> {
    return command("show_place", { folder });
  }

  showSource(id: string): Promise<void> {
    return command("show_source", { id });
  }

  pageFailed(failure: PageFailure): Promise<void> {
    return command("page_failed", { failure });
  }

  openError(): Promise<WireError | null> {
    return command("open_error");
  }
}

import type { OuterCommand, Shell, Unlisten, WindowAct } from "../index";

/** A browser's tab has neither menus nor a tray; this is a window that has both. `close-window` can be asked for by an event. */
export class FakeShell {
  now: Shell = { zoom_percent: 100, menu_bar: false, keep_running: false, notices: true, tray: true };

  listen(on: (id: OuterCommand) => void): Unlisten {
    const heard = (event: Event): void => {
      if (event instanceof CustomEvent) on(event.detail as OuterCommand);
    };
    addEventListener("fake-command", heard);
    return () => removeEventListener("fake-command", heard);
  }

  act(act: WindowAct): Shell {
    const { zoom_percent, menu_bar } = this.now;
    const changes: Record<WindowAct, Partial<Shell>> = {
      zoom_in: { zoom_percent: Math.min(200, zoom_percent + 10) },
      zoom_out: { zoom_percent: Math.max(50, zoom_percent - 10) },
      zoom_reset: { zoom_percent: 100 },
      full_screen: {},
      menu_bar: { menu_bar: !menu_bar },
      close: {},
      quit: {},
      keep_running: { keep_running: true },
      end_with_window: { keep_running: false },
      notices: { notices: true },
      no_notices: { notices: false },
    };
    this.now = { ...this.now, ...changes[act] };
    return this.now;
  }
}

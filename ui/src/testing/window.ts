import { render } from "@testing-library/svelte";
import App from "../App.svelte";
import { AppState } from "../app.svelte";
import { FakePlatform, type Scenario } from "../platform/fake";

/** The whole window on the stand-in backend, begun and on its page. */
export async function openWindow(on: Scenario | FakePlatform = "full", at = "#/recall"): Promise<{ app: AppState; platform: FakePlatform }> {
  history.replaceState(null, "", at);
  const platform = typeof on === "string" ? new FakePlatform(on) : on;
  const app = new AppState(platform);
  render(App, { app });
  await app.start();
  return { app, platform };
}

/** Presses a key where the focus is. False when somebody took it. */
export function press(key: string, init: KeyboardEventInit = {}): boolean {
  const target = document.activeElement ?? document.body;
  return target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init }));
}

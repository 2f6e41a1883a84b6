import { href, parseRoute, recallHome, type Route } from "../shared/route";

/** Follows the address. Each entry of the history knows its index, so "back" never leaves the window. */
export class Router {
  route = $state.raw<Route>(recallHome);
  /** Where the page was scrolled to, by index in the history. */
  #scrolls = new Map<number, number>();
  #index = $state(0);
  /** The last entry of the history that can be gone forward to. */
  #end = $state(0);
  #readScroll: () => number = () => 0;
  /** The scroll position to return to, or null at a place that is new. */
  returnTo: number | null = null;

  start(readScroll: () => number): () => void {
    this.#readScroll = readScroll;
    this.#index = indexOf(history.state) ?? 0;
    this.#end = this.#index;
    history.replaceState({ index: this.#index }, "");
    this.route = parseRoute(location.hash);
    const changed = (): void => this.#changed();
    addEventListener("popstate", changed);
    return () => removeEventListener("popstate", changed);
  }

  go(route: Route): void {
    const target = href(route);
    if (target === location.hash) return;
    this.#leave();
    this.#index += 1;
    this.#end = this.#index;
    history.pushState({ index: this.#index }, "", target);
    this.#arrive(null);
  }

  replace(route: Route): void {
    history.replaceState({ index: this.#index }, "", href(route));
    this.route = route;
  }

  get canGoBack(): boolean {
    return this.#index > 0;
  }

  get canGoForward(): boolean {
    return this.#index < this.#end;
  }

  forward(): void {
    if (this.canGoForward) history.forward();
  }

  back(otherwise: Route): void {
    if (this.canGoBack) history.back();
    else this.replace(otherwise);
  }

  #changed(): void {
    this.#leave();
    const known = indexOf(history.state);
    // A link makes an entry of its own, which has no index yet.
    this.#index = known ?? this.#index + 1;
    this.#end = known === null ? this.#index : Math.max(this.#end, known);
    if (known === null) history.replaceState({ index: this.#index }, "");
    this.#arrive(known === null ? null : (this.#scrolls.get(known) ?? null));
  }

  #leave(): void {
    this.#scrolls.set(this.#index, this.#readScroll());
  }

  #arrive(scroll: number | null): void {
    this.returnTo = scroll;
    this.route = parseRoute(location.hash);
  }
}

function indexOf(state: unknown): number | null {
  return typeof state === "object" && state !== null && "index" in state && typeof state.index === "number"
    ? state.index
    : null;
}

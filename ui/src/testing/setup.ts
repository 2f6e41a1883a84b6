import { afterEach, vi } from "vitest";
import { cleanup } from "@testing-library/svelte";

// jsdom lays nothing out, so it has no scrolling, no sizes and no media queries.
Element.prototype.scrollIntoView = vi.fn();
window.matchMedia ??= (query: string) =>
  ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} }) as unknown as MediaQueryList;
globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};

afterEach(() => cleanup());

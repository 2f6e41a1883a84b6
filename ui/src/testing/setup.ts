import { afterEach, vi } from "vitest";
import { cleanup } from "@testing-library/svelte";

// jsdom lays nothing out, so it has no scrolling and no media queries.
Element.prototype.scrollIntoView = vi.fn();
window.matchMedia ??= (query: string) =>
  ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} }) as unknown as MediaQueryList;

afterEach(() => cleanup());

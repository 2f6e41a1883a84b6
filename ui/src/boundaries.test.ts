import { expect, it } from "vitest";

const files = import.meta.glob<string>(["./**/*.{ts,svelte}", "!./wire/**"], { query: "?raw", import: "default", eager: true });
const sources = Object.entries(files).filter(([path]) => !path.endsWith(".test.ts") && !path.startsWith("./testing/"));
const importsOf = (text: string): string[] => [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => name ?? "");

it("only_the_platform_folder_imports_tauri", () => {
  const importers = sources.filter(([, text]) => importsOf(text).some((name) => name.startsWith("@tauri-apps"))).map(([path]) => path);
  expect(importers).toEqual(["./platform/tauri.ts"]);
});

it("features_do_not_import_other_features", () => {
  for (const [path, text] of sources) {
    const feature = path.match(/^\.\/features\/([^/]+)\//)?.[1];
    if (feature === undefined) continue;
    for (const name of importsOf(text)) {
      expect(/^\.\.\/(?!\.\.)/.test(name) || name.includes("features/"), `${path} imports ${name}`).toBe(false);
    }
  }
});

it("shared_parts_know_neither_features_nor_the_app", () => {
  for (const [path, text] of sources.filter(([name]) => /^\.\/(shared|state)\//.test(name))) {
    for (const name of importsOf(text)) expect(name, path).not.toMatch(/features|app\.svelte|App\.svelte/);
  }
});

it("no_html_of_a_document_is_ever_rendered_and_no_style_is_inline", () => {
  for (const [path, text] of sources) {
    expect(text.includes("{@html"), `${path} renders text as markup`).toBe(false);
    expect(/innerHTML|\sstyle="/.test(text), `${path} would break the content policy`).toBe(false);
  }
});

it("nothing_calls_another_computer", () => {
  for (const [path, text] of sources) {
    expect(text, path).not.toMatch(/\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|WebTransport|RTCPeerConnection|serviceWorker/);
  }
});

it("nothing_polls", () => {
  for (const [path, text] of sources) expect(text.includes("setInterval"), path).toBe(false);
});

it("every_string_of_the_catalogue_is_plain_text", () => {
  const catalogue = sources.filter(([path]) => path === "./strings.ts" || path.startsWith("./strings/"));
  expect(catalogue.length).toBeGreaterThan(3);
  for (const [path, text] of catalogue) expect(text, path).not.toMatch(/<[a-z]+>/);
});

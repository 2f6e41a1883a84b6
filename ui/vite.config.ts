import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [
    svelte({
      compilerOptions: {
        // Both make the page smaller: short names of scoped styles, and elements made by calls instead of from text.
        cssHash: ({ hash, filename }) => `s${hash(filename).slice(0, 5)}`,
        fragments: "tree",
      },
    }),
  ],
  resolve: {
    alias: { "@lezer/highlight": `${import.meta.dirname}/src/shared/unmarked.ts` },
    // Vitest would otherwise take Svelte's server build, which mounts nothing.
    conditions: ["browser"],
  },
  server: { port: 1420, strictPort: true },
  clearScreen: false,
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: ["chrome111", "safari16.4"],
    // The page's policy allows nothing inline, so small assets stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/testing/setup.ts"],
  },
});

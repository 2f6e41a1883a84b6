import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../lib/process.mjs";

/** Of a table that says which test shows what: the names in its last column. */
function namedTests(page) {
  const rows = page.split("\n").filter((line) => line.startsWith("| "));
  const last = rows.map((row) => row.split("|").at(-2) ?? "");
  return last.flatMap((cell) => [...cell.matchAll(/`(?:\w+::)?([a-z][a-z0-9_]{11,})`/g)].map(([, name]) => name));
}

function rustSources(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".rs"))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
}

test("each test that the page about the tree names is there", () => {
  const named = namedTests(readFileSync(join(root, "docs", "tree.md"), "utf8"));
  assert.ok(named.length > 50, `it names ${named.length}`);
  const sources = rustSources(join(root, "src-tauri", "crates"));
  assert.deepEqual(named.filter((name) => !sources.includes(`fn ${name}(`)), []);
});

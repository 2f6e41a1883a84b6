// The page that the app is built with stays small.

import assert from "node:assert/strict";
import { test } from "node:test";
import { JS_BYTES_MAX, scripts } from "../lib/page-size.mjs";

test("the window loads less than 200 kB of scripts, gzipped", () => {
  const { bytes, loaded, standIns } = scripts();
  assert.equal(standIns.length, 1, "the stand-in for the app is one script, apart from all others");
  assert.ok(loaded.length > 0, "the page has been built");
  assert.ok(bytes < JS_BYTES_MAX, `${bytes} bytes: ${loaded.join(", ")}`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { countTests, failuresIn } from "../lib/counts.mjs";

test("cargo's closing lines are added up over all programs", () => {
  const log = [
    "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
    "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
  ].join("\n");
  assert.deepEqual(countTests(log), { passed: 15, failed: 2 });
});

test("vitest's closing line is read, and its count of files is not", () => {
  assert.deepEqual(countTests(" Test Files  3 passed (3)\n      Tests  21 passed (21)\n"), { passed: 21, failed: 0 });
  assert.deepEqual(countTests(" Test Files  1 failed | 2 passed (3)\n      Tests  4 failed | 17 passed (21)\n"), { passed: 17, failed: 4 });
  assert.deepEqual(countTests("      Tests  4 failed (4)\n"), { passed: 0, failed: 4 });
});

test("node's closing lines are read", () => {
  assert.deepEqual(countTests("# tests 4\n# pass 3\n# fail 1\n"), { passed: 3, failed: 1 });
});

test("a log that speaks of no test counts none", () => {
  assert.deepEqual(countTests("error: could not compile\n"), { passed: 0, failed: 0 });
});

test("what failed is found among what came after it", () => {
  const log = [
    "test at_once ... FAILED",
    "",
    "failures:",
    "",
    "---- at_once stdout ----",
    "",
    "thread 'at_once' panicked at src/lib.rs:3:5:",
    "a reason",
    "",
    "",
    "failures:",
    "    at_once",
    "",
    "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
    "",
    "test result: ok. 144 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
  ].join("\n");
  assert.equal(failuresIn(log), "---- at_once stdout ----\n\nthread 'at_once' panicked at src/lib.rs:3:5:\na reason\n");
  assert.equal(failuresIn("error: could not compile\n"), "");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { asksFirst, isSet, missingFrom, wanted } from "../lib/packages.mjs";
import { older, versionIn } from "../lib/tools.mjs";

test("a package counts as there only when it is fully installed", () => {
  const listing = "ii  xvfb\nrc  xauth\nun  xdotool\nii  libwebkit2gtk-4.1-dev:amd64\n";
  const names = ["xvfb", "xauth", "xdotool", "libwebkit2gtk-4.1-dev", "dbus"];
  assert.deepEqual(missingFrom(listing, names), ["xauth", "xdotool", "dbus"]);
});

test("the command line alone needs nothing of the window's", () => {
  assert.ok(!wanted({ window: false, tests: false }).some((name) => name.includes("webkit")));
  assert.ok(wanted({ window: true, tests: true }).includes("webkit2gtk-driver"));
});

test("a person at a terminal is asked; root, an automatic run and a pipe are not", () => {
  assert.equal(asksFirst({ root: false, ci: false, terminal: true }), true);
  assert.equal(asksFirst({ root: true, ci: false, terminal: true }), false);
  assert.equal(asksFirst({ root: false, ci: true, terminal: true }), false);
  assert.equal(asksFirst({ root: false, ci: false, terminal: false }), false);
});

test("a variable that says no is not set", () => {
  assert.deepEqual([undefined, "", "0", "false", "1", "true"].map(isSet), [false, false, false, false, true, true]);
});

test("versions are compared by number", () => {
  assert.deepEqual(versionIn("cargo 1.95.0 (abc 2026-01-01)"), [1, 95]);
  assert.equal(older([1, 9], [1, 10]), true);
  assert.equal(older([20, 19], [20, 19]), false);
  assert.equal(older([22, 0], [20, 19]), false);
});

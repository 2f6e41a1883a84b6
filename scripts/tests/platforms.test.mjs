import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../lib/process.mjs";

test("the scripts for other systems are sound to the shell, and say how they are used", { skip: process.platform === "win32" }, () => {
  for (const name of ["prefix.sh", "windows.sh", "macos.sh"]) {
    const read = spawnSync("bash", ["-n", join(root, "scripts", "platforms", name)], { encoding: "utf8" });
    assert.equal(read.status, 0, `${name}: ${read.stderr}`);
  }
  for (const name of ["windows.sh", "macos.sh"]) {
    const asked = spawnSync(join(root, "scripts", "platforms", name), [], { encoding: "utf8" });
    assert.equal(asked.status, 2, `${name} without an order does nothing`);
    assert.match(asked.stdout, new RegExp(`${name} setup`), `${name} names its orders`);
  }
});

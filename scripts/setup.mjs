// Makes a fresh machine ready. Running it again, with nothing changed, takes well under a second.
//
// On its own: `node scripts/setup.mjs [--tests]`.

import { pathToFileURL } from "node:url";
import { checkPackages } from "./lib/packages.mjs";
import { buildPage, installPackages } from "./lib/page.mjs";
import { asProgram } from "./lib/process.mjs";
import { checkTools } from "./lib/tools.mjs";
import { makeWeights } from "./lib/weights.mjs";

/**
 * Sees to all that building takes: the window too, or the command line alone; and the tests. `profile` is what is built
 * with. Without `weights` recall goes by words alone.
 */
export async function setUp({ window = true, tests = false, weights = true, profile = "dev" } = {}) {
  checkTools({ lints: tests });
  await checkPackages({ window, tests });
  if (weights) await makeWeights({ profile });
  if (!window) return;
  await installPackages();
  await buildPage();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(() => setUp({ tests: process.argv.includes("--tests") }));
}

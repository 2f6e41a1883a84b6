// `npm run torture`: breaks the memory's file on purpose, in the long form. Arguments are passed on.

import { asProgram, run } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

await asProgram(async () => {
  await setUp({ window: false, weights: false });
  return run("cargo", ["run", "--release", "-p", "oldgrowth-testkit", "--bin", "torture", "--", ...process.argv.slice(2)]);
});

// `npm run bench`: measures against the plain alternative, in the same run. Arguments are passed on.

import { asProgram, run } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

await asProgram(async () => {
  await setUp({ window: false });
  return run("cargo", ["run", "--release", "-p", "oldgrowth-testkit", "--bin", "bench", "--", ...process.argv.slice(2)]);
});

// `npm run eval -- locomo FILE [--pooled] [--json]` and `npm run eval -- known FOLDER.. [--json]`: how well recall finds
// what it was asked for.

import { asProgram, run } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

await asProgram(async () => {
  await setUp({ window: false });
  return run("cargo", ["run", "--quiet", "--release", "-p", "oldgrowth-testkit", "--bin", "eval", "--", ...process.argv.slice(2)]);
});

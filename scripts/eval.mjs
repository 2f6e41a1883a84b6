// `npm run eval -- locomo FILE [--pooled] [--words] [--json]` and `npm run eval -- known FOLDER.. [--words] [--json]`: how
// well recall finds what it was asked for.

import { asProgram, run } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

await asProgram(async () => {
  await setUp({ window: false, profile: "release" });
  return run("cargo", ["run", "--quiet", "--release", "-p", "oldgrowth-testkit", "--bin", "eval", "--", ...process.argv.slice(2)]);
});

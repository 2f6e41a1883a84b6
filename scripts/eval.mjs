// `npm run eval -- locomo FILE`, `known FOLDER..`, `described FOLDER..` or `nonsense FILE`: how well recall finds what it was
// asked for (docs/recall.md).

import { asProgram, run } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

await asProgram(async () => {
  await setUp({ window: false, profile: "release" });
  return run("cargo", ["run", "--quiet", "--release", "-p", "oldgrowth-testkit", "--bin", "eval", "--", ...process.argv.slice(2)]);
});

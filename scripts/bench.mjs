// `npm run bench`: measures against the plain alternative, in the same run. Arguments are passed on.

import { asProgram, run } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

await asProgram(async () => {
  await setUp({ window: false });
  const asked = process.argv.slice(2);
  // The whole of it, measured as it stands, is what the page shows.
  const what = asked.length > 0 ? asked : ["--write", "docs/performance.md"];
  return run("cargo", ["run", "--release", "-p", "oldgrowth-testkit", "--bin", "bench", "--", ...what]);
});

// `npm run bench`: measures against the plain alternative, in the same run. Arguments are passed on.
//
// `-- --only page` is what the page costs a browser, `-- --only start` how long the real window takes to come.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { measurePage } from "./lib/bench-page.mjs";
import { measureStart } from "./lib/bench-start.mjs";
import { Rows } from "./lib/measured.mjs";
import { asProgram, ask, root, run } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

await asProgram(async () => {
  const asked = process.argv.slice(2);
  const only = asked.includes("--only") ? (asked[asked.indexOf("--only") + 1] ?? "") : "";
  const wanted = (name) => process.platform === "linux" && name.includes(only);
  const [page, start] = [wanted("page"), wanted("start")];
  await setUp({ window: page || start, tests: page || start, profile: "release" });
  const rows = new Rows();
  if (page) await measurePage(rows);
  if (start) {
    const built = run("cargo", ["build", "--release", "-p", "oldgrowth-desktop", "-p", "oldgrowth-testkit", "--bin", "oldgrowth-desktop", "--bin", "bench"]);
    if (built !== 0) return built;
    const { target_directory: target } = JSON.parse(ask("cargo", ["metadata", "--format-version", "1", "--no-deps"], { maxBuffer: 1 << 26 }) ?? "{}");
    const large = ask(join(target, "release", "bench"), ["--grow"]);
    await measureStart(rows, join(target, "release", "oldgrowth-desktop"), large.split("\n").at(-1));
  }
  mkdirSync(join(root, "target"), { recursive: true });
  const also = join(root, "target", "measured.json");
  writeFileSync(also, JSON.stringify(rows.all));
  // The whole of it, measured as it stands, is what the page shows.
  const what = asked.length > 0 ? asked : ["--write", "docs/performance.md"];
  return run("cargo", ["run", "--release", "-p", "oldgrowth-testkit", "--bin", "bench", "--", "--also", also, ...what]);
});

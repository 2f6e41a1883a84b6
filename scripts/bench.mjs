// `npm run bench`: measures against the plain alternative, in the same run. Arguments are passed on.
//
// `-- --only page` is what the page costs a browser, `-- --only start` how long the real window takes to come. With
// `-- --grow-from FOLDER,FOLDER` nothing is measured but what becomes of the files in these folders.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rows } from "./lib/measured.mjs";
import { asProgram, ask, root, run, SCREEN } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

await asProgram(async () => {
  const asked = process.argv.slice(2);
  const whole = asked.includes("--grow-from") ? "grow-from" : "";
  const only = asked.includes("--only") ? (asked[asked.indexOf("--only") + 1] ?? "") : whole;
  const wanted = (name) => process.platform === "linux" && name.includes(only);
  const [page, start] = [wanted("page"), wanted("start")];
  await setUp({ window: page || start, tests: page || start, profile: "release" });
  if (start && !process.env.DISPLAY) {
    const [program, ...args] = SCREEN;
    return run(program, [...args, process.execPath, ...process.argv.slice(1)]);
  }
  const rows = new Rows();
  // What these stand on is installed by the set-up.
  if (page) await (await import("./lib/bench-page.mjs")).measurePage(rows);
  const built = run("cargo", ["build", "--release", "-p", "oldgrowth-testkit", "--bin", "bench", "-p", "oldgrowth-agent", "--bin", "oldgrowth", ...(start ? ["-p", "oldgrowth-desktop", "--bin", "oldgrowth-desktop"] : [])]);
  if (built !== 0) return built;
  const { target_directory: target } = JSON.parse(ask("cargo", ["metadata", "--format-version", "1", "--no-deps"], { maxBuffer: 1 << 26 }) ?? "{}");
  const bench = join(target, "release", "bench");
  if (start) {
    const { measureStart } = await import("./lib/bench-start.mjs");
    const large = ask(bench, ["--grow"]);
    await measureStart(rows, join(target, "release", "oldgrowth-desktop"), large.split("\n").at(-1));
  }
  mkdirSync(join(root, "target"), { recursive: true });
  const also = join(root, "target", "measured.json");
  writeFileSync(also, JSON.stringify(rows.all));
  // The whole of it, measured as it stands, is what the page shows.
  const what = asked.length > 0 ? asked : ["--write", "docs/performance.md"];
  return run(bench, ["--also", also, ...what]);
});

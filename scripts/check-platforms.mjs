// `npm run check:platforms`: the parts without a window, on the systems that this machine is not. On a
// Debian machine alone; the first run fetches some 300 MB and takes a few minutes longer.
//
// `-- --only NAME` runs one of the steps.

import { join } from "node:path";
import { countTests } from "./lib/counts.mjs";
import { asProgram, endOf, root, runInto, seconds, Stop } from "./lib/process.mjs";
import { makeWeights } from "./lib/weights.mjs";

const WINDOWS = join(root, "scripts", "platforms", "windows.sh");
const MACOS = join(root, "scripts", "platforms", "macos.sh");

const CORE = ["domain", "keeper", "store", "importers", "embedder", "models", "wire", "engine", "folder", "http", "reports", "agent"];
/** Whose tests run under Wine as they do on Linux. Those of the engine and the embedder take too long there. */
const TESTED = CORE.filter((name) => !["engine", "embedder"].includes(name));
/** Each kill costs some ten seconds under Wine, where starting a program does. */
const KILLS = "3";

// This lint takes the standard library's own `thread_local!` for ours where threads are MinGW's.
const LINTS = ["--", "-D", "warnings"];
const LINTS_MINGW = [...LINTS, "-A", "clippy::missing_const_for_thread_local"];

/** `tests` says that the log holds counts. */
const STEPS = [
  { name: "setup", commands: [[WINDOWS, "setup"], [MACOS, "setup"]] },
  { name: "windows-lints", commands: [[WINDOWS, "cargo", "clippy", ...named(CORE), "--all-targets", ...LINTS_MINGW]] },
  { name: "windows-tests", tests: true, commands: [[WINDOWS, "cargo", "test", ...named(TESTED), "--no-fail-fast"]] },
  { name: "macos-lints", commands: [[MACOS, "cargo", "clippy", ...named(CORE), "--all-targets", ...LINTS]] },
];

await asProgram(async () => {
  const steps = chosen(process.argv.slice(2));
  // What is tested under Wine reads them too.
  if (steps.some((step) => step.tests)) await makeWeights();
  let failures = 0;
  for (const step of steps) {
    const from = Date.now();
    process.stdout.write(`${step.name} ... `);
    const log = await runInto(`platforms-${step.name}`, step.commands, {
      env: { ...process.env, NO_COLOR: "1", CARGO_TERM_COLOR: "never", OLDGROWTH_KILLS: KILLS },
    });
    const count = step.tests ? countTests(log.text) : undefined;
    const good = log.code === 0 && (!count || (count.passed > 0 && count.failed === 0));
    const counted = count ? `, ${count.passed} passed, ${count.failed} failed` : "";
    console.log(`${good ? "ok" : "FAILED"} (${seconds(from)}${counted})`);
    for (const left of leftOut(log.text)) console.log(`  left out: ${left}`);
    if (good) continue;
    failures += 1;
    console.log(`${endOf(log.text)}\n(whole: ${log.path})`);
    // Without what it makes, the others only fail as well.
    if (step.name === "setup") break;
  }
  return failures > 0 ? 1 : 0;
});

/** What a test says when it finds that Wine does not do as Windows does. */
function leftOut(text) {
  return [...text.matchAll(/left out under Wine: (.+)$/gm)].map(([, what]) => what);
}

function named(crates) {
  return crates.flatMap((name) => ["-p", `oldgrowth-${name}`]);
}

function chosen(args) {
  if (args.length === 0) return STEPS;
  const [flag, name] = args;
  const found = STEPS.filter((step) => flag === "--only" && step.name === name);
  if (found.length === 0) {
    throw new Stop(`Usage: npm run check:platforms [-- --only NAME], with NAME one of: ${STEPS.map((step) => step.name).join(", ")}`);
  }
  return found;
}

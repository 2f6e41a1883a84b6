// `npm test`: sets up and runs every check. `npm test -- --only NAME` runs one of them.

import { join } from "node:path";
import { countTests, failuresIn } from "./lib/counts.mjs";
import { filesUnder, hashOf, npm } from "./lib/page.mjs";
import { asProgram, endOf, find, root, runInto, SCREEN, seconds, Stop } from "./lib/process.mjs";
import { setUp } from "./setup.mjs";

const WIRE = join(root, "ui", "src", "wire");

/** In the order in which a fault is cheapest to find. `tests` says that the log holds counts. */
const STEPS = [
  { name: "format", commands: [["cargo", "fmt", "--all", "--check", "--", "-l"]] },
  { name: "scripts", tests: true, commands: [[process.execPath, "--test", "--test-reporter=tap", ...scriptTests()]] },
  { name: "ui-types", commands: [npm("run", "ui:check")] },
  { name: "ui-tests", tests: true, commands: [npm("run", "ui:test")] },
  // The built page in a browser; the long form is `npm run ui:look`.
  { name: "looks", needs: "chromium", commands: [[process.execPath, "ui/look.mjs", join(root, "target", "looks"), "--short"]] },
  {
    name: "lints",
    commands: [
      ["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
      ["cargo", "clippy", "-p", "oldgrowth-desktop", "--test", "window", "--", "-D", "warnings"],
    ],
  },
  { name: "tests", tests: true, unchanged: WIRE, commands: [["cargo", "test", "--workspace", "--no-fail-fast"]] },
  // What the tests have built; the long form is `npm run torture`.
  { name: "torture", only: "linux", commands: [["cargo", "run", "--bin", "torture", "--", "--short"]] },
  {
    name: "window",
    tests: true,
    only: "linux",
    commands: [[...SCREEN, "cargo", "test", "-p", "oldgrowth-desktop", "--test", "window", "--", "--nocapture"]],
  },
];

await asProgram(async () => {
  const steps = chosen(process.argv.slice(2));
  await setUp({ tests: true });
  const total = { passed: 0, failed: 0 };
  const failures = [];
  for (const step of steps) {
    if (step.only && step.only !== process.platform) {
      console.log(`${step.name} ... left out: it runs on ${step.only} alone`);
      continue;
    }
    if (step.needs && find(step.needs) === undefined) {
      console.log(`${step.name} ... left out: ${step.needs} is not installed`);
      continue;
    }
    const { passed, failed, log } = await check(step);
    total.passed += passed;
    total.failed += failed;
    if (failed > 0) failures.push({ step, log });
  }
  for (const { step, log } of failures) {
    console.log(`\n---- ${step.name} ----\n${endOf(failuresIn(log.text) || log.text)}\n(whole: ${log.path})`);
  }
  if (failures.length > 0) console.log(`\nFailed: ${failures.map(({ step }) => step.name).join(", ")}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return failures.length > 0 ? 1 : 0;
});

/** Runs one step. A step without tests of its own counts as one that passes or fails. */
async function check(step) {
  const from = Date.now();
  process.stdout.write(`${step.name} ... `);
  const before = step.unchanged && hashOf(filesUnder(step.unchanged));
  const log = await runInto(`test-${step.name}`, step.commands, { env: { ...process.env, NO_COLOR: "1", CARGO_TERM_COLOR: "never" } });
  const stale = step.unchanged && hashOf(filesUnder(step.unchanged)) !== before;
  if (stale) log.text += "\nThe TypeScript of the wire was out of date; it has been made anew: commit it.\n";

  const count = step.tests ? countTests(log.text) : { passed: log.code === 0 ? 1 : 0, failed: 0 };
  const broken = log.code !== 0 || stale || count.passed + count.failed === 0;
  if (broken && count.failed === 0) count.failed = 1;
  const counted = step.tests ? `, ${count.passed} passed, ${count.failed} failed` : "";
  console.log(`${count.failed > 0 ? "FAILED" : "ok"} (${seconds(from)}${counted})`);
  return { ...count, log };
}

function chosen(args) {
  if (args.length === 0) return STEPS;
  const [flag, name] = args;
  const found = STEPS.filter((step) => flag === "--only" && step.name === name);
  if (found.length === 0) throw new Stop(`Usage: npm test [-- --only NAME], with NAME one of: ${STEPS.map(({ name }) => name).join(", ")}`);
  return found;
}

function scriptTests() {
  return filesUnder(join(root, "scripts")).filter((path) => path.endsWith(".test.mjs"));
}

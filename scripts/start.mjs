// `npm start`: sets up, builds, and opens the app; without a display, shows the same in the terminal.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { buildNeeds } from "./lib/packages.mjs";
import { asProgram, root, run, Stop } from "./lib/process.mjs";
import { built, targetFolder } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

const samples = join(root, "src-tauri", "samples");
const QUESTIONS = ["What did Dr. Okafor say about my knee?", "When does my passport expire?"];

await asProgram(() => (hasDisplay() ? openWindow() : showInTerminal()));

async function openWindow() {
  await setUp({ profile: "quick" });
  build("oldgrowth-desktop");
  console.log("Opening Oldgrowth.");
  return run(built("quick", "oldgrowth-desktop"), []);
}

async function showInTerminal() {
  console.log("There is no display here, so Oldgrowth can't open its window.");
  console.log("This is what it does, in the terminal, on the sample memories that come with it.\n");
  await setUp({ window: false, profile: "quick" });
  build("oldgrowth-agent");

  const program = built("quick", "oldgrowth");
  const workspace = join(targetFolder(), "sample-memory");
  // Only ever this throw-away folder; the person's own memory is elsewhere and is not touched.
  rmSync(workspace, { recursive: true, force: true });
  mkdirSync(workspace, { recursive: true });
  const say = (args) => console.log(`\n$ ${here(program)} --workspace ${here(workspace)} ${args.map(quoted).join(" ")}`);
  const oldgrowth = (...args) => {
    say(args);
    ended(run(program, ["--workspace", workspace, ...args]));
  };

  const importing = ["import", here(samples), "--wait"];
  say(importing);
  importInWords(program, ["--workspace", workspace, ...importing]);
  oldgrowth("status");
  for (const question of QUESTIONS) oldgrowth("recall", question, "--limit", "2");

  console.log("\nAsk on in the same way, or keep files of your own:");
  console.log(`  ${here(program)} import ~/Documents --wait`);
  console.log(`  ${here(program)} recall "..."`);
  return 0;
}

/** The import speaks in JSON lines, for programs; here each is put in words. */
function importInWords(program, args) {
  const imported = spawnSync(program, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const events = (imported.stdout ?? "").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  for (const { event, path, chunks } of events) {
    if (event === "committed") console.log(`kept ${relative(samples, path)} (${chunks === 1 ? "1 passage" : `${chunks} passages`})`);
  }
  ended(imported.status);
}

function ended(code) {
  if (code !== 0) throw new Stop(`That should have worked, but ended with ${code}.`);
}

function build(crate) {
  console.log(`Building ${crate} (the first time takes some minutes) ...`);
  if (run("cargo", ["build", "--profile", "quick", "-p", crate]) !== 0) {
    throw new Stop(`The build failed; what went wrong stands above. ${buildNeeds()}`);
  }
}

function hasDisplay() {
  return process.platform !== "linux" || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

function here(path) {
  const short = relative(root, path);
  return short.startsWith("..") ? path : short;
}

function quoted(word) {
  return /^[\w./-]+$/.test(word) ? word : `"${word}"`;
}

// Running other programs: silently into a log that is shown when they fail, or on the terminal.

import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const logs = join(root, "target", "logs");

/** Goes before a command that shows windows. Without -noreset the screen starts anew whenever its last window has gone, and takes a new one down with it. */
export const SCREEN = ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24 -noreset"];

const LOG_SHOWN_LINES_MAX = 200;

/** A failure whose message is all that a person needs; no stack is shown for it. */
export class Stop extends Error {}

/** Runs `work` as a program: its failure ends the process with one clear line. */
export async function asProgram(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}

/** The full path of a program, or undefined. */
export function find(program) {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ""] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, program + ending);
      if (folder && existsSync(path) && statSync(path).isFile()) return path;
    }
  }
  return undefined;
}

/** The first line a program prints, or undefined if it can't be run or fails. */
export function ask(program, args, options = {}) {
  const ran = spawnSync(program, args, { cwd: root, encoding: "utf8", ...options });
  return ran.status === 0 ? ran.stdout.trim() : undefined;
}

/** Runs a program on this terminal and answers its exit code. */
export function run(program, args, options = {}) {
  const ran = spawnSync(program, args, { cwd: root, stdio: "inherit", ...options });
  if (ran.error) throw new Stop(`${program} could not be started: ${ran.error.message}`);
  return ran.status ?? 1;
}

/** Runs commands one after the other into one log, up to the first that fails. */
export async function runInto(name, commands, options = {}) {
  mkdirSync(logs, { recursive: true });
  const path = join(logs, `${name}.log`);
  const log = createWriteStream(path);
  let code = 0;
  for (const [program, ...args] of commands) {
    log.write(`$ ${program} ${args.join(" ")}\n`);
    code = await new Promise((resolve) => {
      const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options });
      child.stdout.pipe(log, { end: false });
      child.stderr.pipe(log, { end: false });
      child.on("error", (error) => {
        log.write(`${error.message}\n`);
        resolve(127);
      });
      child.on("close", (status) => resolve(status ?? 1));
    });
    if (code !== 0) break;
  }
  await new Promise((resolve) => log.end(resolve));
  return { code, path, text: readFileSync(path, "utf8") };
}

/** The end of a log, as it is shown when a step has failed. */
export function endOf(text) {
  const lines = text.trimEnd().split("\n");
  const left = lines.length - LOG_SHOWN_LINES_MAX;
  return left > 0 ? [`(${left} lines before)`, ...lines.slice(left)].join("\n") : lines.join("\n");
}

/** Runs commands with one line on the terminal for all of them; stops with their output if they fail. */
export async function step(name, commands, options = {}) {
  const from = Date.now();
  process.stdout.write(`${name} ... `);
  const { code, path, text } = await runInto(name.replaceAll(/[^a-z0-9]+/gi, "-"), commands, options);
  console.log(code === 0 ? `done (${seconds(from)})` : `failed (${seconds(from)})`);
  if (code !== 0) throw new Stop(`${endOf(text)}\n\n"${name}" failed; the whole output is in ${path}`);
}

export function seconds(from) {
  return `${((Date.now() - from) / 1000).toFixed(1)} s`;
}

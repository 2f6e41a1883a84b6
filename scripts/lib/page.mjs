// The window's page: its packages and its build, each redone only when what it is made of has changed.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root, step } from "./process.mjs";

const STAMPS = join(root, "node_modules", ".oldgrowth");

/** Installs the page's packages as the lock file names them. */
export async function installPackages() {
  const lock = hashOf([join(root, "package-lock.json")], `${process.platform} ${process.arch}`);
  if (isStamped("packages", lock)) return;
  await step("Installing the page's packages", [npm("ci", "--no-audit", "--no-fund")]);
  stamp("packages", lock);
}

/** Builds the page into `ui/dist`, which the app is built with. */
export async function buildPage() {
  const sources = hashOf([join(root, "package-lock.json"), ...filesUnder(join(root, "ui"))]);
  if (isStamped("page", sources) && existsSync(join(root, "ui", "dist", "index.html"))) return;
  await step("Building the page", [npm("run", "ui:build")]);
  stamp("page", sources);
}

/** npm as it runs this script already; elsewhere the one on the path. */
export function npm(...args) {
  const own = process.env.npm_execpath;
  return own?.endsWith(".js") ? [process.execPath, own, ...args] : ["npm", ...args];
}

/** All files that a person has written under a folder, in a steady order. */
export function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter((entry) => !["dist", "node_modules"].includes(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]));
}

export function hashOf(paths, salt = "") {
  const hash = createHash("sha256").update(salt);
  for (const path of paths) {
    const bytes = readFileSync(path);
    hash.update(`${relative(root, path)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

function isStamped(name, hash) {
  const path = join(STAMPS, name);
  return existsSync(path) && readFileSync(path, "utf8") === hash;
}

function stamp(name, hash) {
  const path = join(STAMPS, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, hash);
}

// The two tools that a person must have brought: Node and Rust.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ask, find, root, Stop } from "./process.mjs";

const NODE_MIN = [20, 19];

/** Stops with what to do when Node or Rust is missing or too old. */
export function checkTools({ lints = false } = {}) {
  const node = versionIn(process.versions.node);
  if (older(node, NODE_MIN)) {
    throw new Stop(`Node ${NODE_MIN.join(".")} or newer is needed; this is ${node.join(".")}. Get it at https://nodejs.org`);
  }
  if (!find("cargo")) {
    throw new Stop(
      "Rust is needed and cargo was not found. Install it from https://rustup.rs, open a new terminal, and run the same command again.",
    );
  }
  const rust = ask("cargo", ["--version"]);
  const rustMin = versionIn(/^rust-version = "(.+)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))[1]);
  if (!rust || older(versionIn(rust), rustMin)) {
    throw new Stop(`Rust ${rustMin.join(".")} or newer is needed; this is ${rust ?? "unknown"}. Update it: rustup update stable`);
  }
  if (lints && !(ask("cargo", ["fmt", "--version"]) && ask("cargo", ["clippy", "--version"]))) {
    throw new Stop("The tests use Rust's formatter and linter. Install them: rustup component add rustfmt clippy");
  }
}

/** The folder that cargo builds into. */
export function targetFolder() {
  const metadata = ask("cargo", ["metadata", "--no-deps", "--offline", "--format-version", "1"], { maxBuffer: 64 << 20 });
  return metadata ? JSON.parse(metadata).target_directory : join(root, "target");
}

/** The program that a build has made. */
export function built(profile, name) {
  return join(targetFolder(), profile, process.platform === "win32" ? `${name}.exe` : name);
}

/** The first two numbers of a version. */
export function versionIn(text) {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text);
  return [Number(major), Number(minor)];
}

export function older([major, minor], [majorMin, minorMin]) {
  return major < majorMin || (major === majorMin && minor < minorMin);
}

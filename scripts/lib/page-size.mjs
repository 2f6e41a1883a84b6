// How much of the page a window loads.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./process.mjs";

/** What the app's window may load of JavaScript, gzipped. */
export const JS_BYTES_MAX = 200 * 1000;

/** The scripts of the built page. The stand-in for the app in a plain browser is never loaded in the app. */
export function scripts() {
  const assets = join(root, "ui", "dist", "assets");
  const names = readdirSync(assets).filter((name) => name.endsWith(".js"));
  const bytes = (name) => gzipSync(readFileSync(join(assets, name))).length;
  const isStandIn = (name) => name.startsWith("fake-");
  return {
    standIns: names.filter(isStandIn),
    loaded: names.filter((name) => !isStandIn(name)),
    bytes: names.filter((name) => !isStandIn(name)).reduce((sum, name) => sum + bytes(name), 0),
  };
}

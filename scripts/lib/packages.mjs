// The system's own packages: which are missing, and how they get here.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { ask, find, run, step, Stop } from "./process.mjs";

/** Names the system. */
const OS_RELEASE = "/etc/os-release";
/** What building the command line takes: SQLite is compiled from C. */
const COMPILER = ["gcc", "libc6-dev"];
/** What building the window takes. */
const WINDOW = ["libwebkit2gtk-4.1-dev", "libayatana-appindicator3-dev", "librsvg2-dev", "pkg-config"];
/** What driving the window in the tests takes. */
const TESTS = [
  "xvfb",
  "xauth",
  "webkit2gtk-driver",
  "xdotool",
  "x11-utils",
  "imagemagick",
  "dbus",
  "strace",
  "fonts-dejavu-core",
  "fonts-noto-cjk",
];

/** What looking at the page in a browser takes. Of Debian's kin only Debian itself has it as a package. */
const BROWSER = ["chromium"];

const ELSEWHERE = {
  dnf: {
    window: "sudo dnf install gcc pkgconf-pkg-config webkit2gtk4.1-devel libappindicator-gtk3-devel librsvg2-devel",
    tests: "sudo dnf install xorg-x11-server-Xvfb xauth webkit2gtk-driver xdotool xwininfo ImageMagick strace dejavu-sans-fonts google-noto-sans-cjk-fonts",
  },
  pacman: {
    window: "sudo pacman -S --needed base-devel webkit2gtk-4.1 libappindicator-gtk3 librsvg",
    tests: "sudo pacman -S --needed xorg-server-xvfb xorg-xauth webkitgtk-6.0 xdotool xorg-xwininfo imagemagick strace ttf-dejavu noto-fonts-cjk",
  },
};

/** The packages that these uses take, on Debian and its kin. */
export function wanted({ window, tests }) {
  const has = { compiler: find("cc") !== undefined, pkgConfig: find("pkg-config") !== undefined };
  return [
    ...(has.compiler ? [] : COMPILER),
    ...(window ? WINDOW.filter((name) => !(name === "pkg-config" && has.pkgConfig)) : []),
    ...(tests ? TESTS : []),
    ...(tests && isDebian() ? BROWSER : []),
  ];
}

function isDebian() {
  return existsSync(OS_RELEASE) && /^ID=debian$/m.test(readFileSync(OS_RELEASE, "utf8"));
}

/** Those of the named packages that `dpkg-query` does not list as installed. */
export function missingFrom(listing, names) {
  const installed = new Set(
    listing
      .split("\n")
      .filter((line) => line.startsWith("ii"))
      .map((line) => line.slice(2).trim().split(":")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** Whether packages are installed without asking. */
export function asksFirst({ root, ci, terminal }) {
  return terminal && !root && !ci;
}

/** Sees to it that the system's packages are there, or stops with what to do. */
export async function checkPackages(uses) {
  if (process.platform === "darwin") return checkMac();
  if (process.platform !== "linux") return;
  if (find("dpkg-query") && find("apt-get")) return checkDebian(uses);
  checkOtherLinux(uses);
}

async function checkDebian(uses) {
  const names = wanted(uses);
  if (names.length === 0) return;
  const listing = spawnSync("dpkg-query", ["-W", "-f", "${db:Status-Abbrev} ${Package}\n", ...names], { encoding: "utf8" });
  const missing = missingFrom(listing.stdout ?? "", names);
  if (missing.length === 0) return;

  const line = `sudo apt-get install --no-install-recommends ${missing.join(" ")}`;
  const isRoot = process.getuid() === 0;
  const asks = asksFirst({ root: isRoot, ci: isSet(process.env.CI), terminal: process.stdin.isTTY && process.stdout.isTTY });
  if (asks && !(await agreed(missing))) throw new Stop(`Install them by hand, then run the same command again:\n  ${line}`);
  const asRoot = isRoot ? [] : ["sudo", "-n"];
  if (asks) {
    // The one place where a password may have to be typed; from here on sudo remembers it.
    if (run("sudo", ["-v"]) !== 0) throw new Stop(`Without sudo, have someone run:\n  ${line}`);
  } else if (!isRoot && ask("sudo", ["-n", "true"]) === undefined) {
    throw new Stop(`These system packages are missing and this user may not install them. Run:\n  ${line}`);
  }
  const apt = [...asRoot, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300", "-q"];
  await step(`Installing ${missing.length === 1 ? "a system package" : `${missing.length} system packages`}`, [
    [...apt, "update"],
    [...apt, "install", "-y", "--no-install-recommends", ...missing],
  ]);
}

async function agreed(missing) {
  console.log(`These system packages are needed and missing:\n  ${missing.join(" ")}`);
  // Looked up here, so that an old Node gets as far as being told that it is one.
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question("Install them now with sudo apt-get? [Y/n] ");
  terminal.close();
  return /^(y|yes)?$/i.test(answer.trim());
}

function checkMac() {
  if (ask("xcode-select", ["-p"]) === undefined) {
    throw new Stop("Apple's command line tools are needed. Install them, then run the same command again:\n  xcode-select --install");
  }
}

function checkOtherLinux({ window, tests }) {
  const lacksCompiler = !find("cc");
  const lacksWindow = window && ask("pkg-config", ["--exists", "webkit2gtk-4.1"]) === undefined;
  const lacksTests = tests && !["Xvfb", "xvfb-run", "WebKitWebDriver", "xdotool"].every((name) => find(name));
  if (!lacksCompiler && !lacksWindow && !lacksTests) return;
  const lines = ELSEWHERE[find("dnf") ? "dnf" : "pacman"];
  if (!find("dnf") && !find("pacman")) {
    throw new Stop(
      "Needed from the system: a C compiler and pkg-config" +
        (window ? "; the development files of WebKitGTK 4.1, librsvg and libayatana-appindicator" : "") +
        (tests ? "; Xvfb with xvfb-run, WebKitWebDriver and xdotool" : "") +
        ". Install them with the system's package manager.",
    );
  }
  const chosen = [lacksCompiler || lacksWindow ? lines.window : "", lacksTests ? lines.tests : ""].filter(Boolean);
  throw new Stop(`System packages are missing. Run:\n  ${chosen.join("\n  ")}`);
}

/** Said when a build has failed where the needs can't be looked up beforehand. */
export function buildNeeds() {
  return process.platform === "win32"
    ? "On Windows, building needs Microsoft's C++ Build Tools (workload \"Desktop development with C++\") and the WebView2 runtime, which Windows 11 has already."
    : "";
}

export function isSet(variable) {
  return variable !== undefined && !["", "0", "false"].includes(variable.toLowerCase());
}

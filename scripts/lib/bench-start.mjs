// How long the real window takes to its first content, with a large memory and with none.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { median, millis } from "./measured.mjs";

const ROUNDS = 7;
const TIMES_MAX = 1.2;
const PATIENCE_MS = 60_000;
const TICKS_A_SECOND = 100;

/** `large` is the folder of a workspace; `program` the window's. */
export async function measureStart(rows, program, large) {
  const home = mkdtempSync(join(tmpdir(), "oldgrowth-start-"));
  const memories = [
    { name: "large", workspace: large, times: [] },
    { name: "empty", workspace: join(home, "empty-memory"), times: [] },
  ];
  try {
    for (const memory of memories) {
      memory.home = join(home, memory.name);
      mkdirSync(memory.home);
      // What a program does at its very first start is not counted.
      await start(program, memory);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const memory of memories) memory.times.push(await start(program, memory));
    }
  } finally {
    // The last window may still be closing.
    rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }
  const [ours, plain] = memories.map(({ times }) => median(times));
  const times = ours / plain;
  rows.add(
    "start of the window until its first content, 1,100,000 passages, against an empty memory",
    millis(ours),
    millis(plain),
    `within ${TIMES_MAX} times: ${times.toFixed(2)} times`,
    times <= TIMES_MAX,
  );
}

/** From the start of the process, by the system's account, to the page's own mark, in ms. */
async function start(program, { workspace, home }) {
  const port = await freePort();
  const env = { ...process.env, TAURI_WEBVIEW_AUTOMATION: "true", OLDGROWTH_WORKSPACE: workspace, HOME: home, GSETTINGS_BACKEND: "memory" };
  for (const name of ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY"]) delete env[name];
  const driver = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" });
  try {
    const ask = async (method, path, body) => {
      const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
      const { value } = await reply.json();
      if (!reply.ok) throw new Error(`${path}: ${value?.message}`);
      return value;
    };
    await until(() => ask("GET", "/status").catch(() => null));
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary: program, args: [] } } };
    const { sessionId } = await ask("POST", "/session", { capabilities });
    const window = childOf(driver.pid);
    const started = startedAt(window);
    const script = 'const [mark] = performance.getEntriesByName("first-content"); return mark ? performance.timeOrigin + mark.startTime : null;';
    const shown = await until(() => ask("POST", `/session/${sessionId}/execute/sync`, { script, args: [] }));
    await ask("DELETE", `/session/${sessionId}`);
    // It holds its memory until it has ended, and the next start would be refused.
    await until(() => !existsSync(`/proc/${window}`));
    return shown - started;
  } finally {
    driver.kill();
    await new Promise((resolve) => (driver.exitCode === null && driver.signalCode === null ? driver.once("exit", resolve) : resolve()));
  }
}

async function until(look) {
  for (const from = Date.now(); Date.now() - from < PATIENCE_MS; await pause(50)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error("the window never showed what it has");
}

function childOf(pid) {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return Number(child);
}

/** In ms since 1970, to a hundredth of a second. */
function startedAt(pid) {
  const [uptime] = readFileSync("/proc/uptime", "utf8").split(" ");
  const booted = Date.now() - Number(uptime) * 1000;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in brackets may hold spaces; the start is the twentieth word after it.
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return booted + (Number(ticks) * 1000) / TICKS_A_SECOND;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// Opens every place and state of the built window in Chromium, under the app's own content policy, and keeps a picture of each.
// Fails on a serious finding of axe, on an error in the console, on anything the policy forbids and on a page wider than its window.
//
//   npm run ui:build && npm run ui:look -- FOLDER [NAME-PART]
//
// With `--short` only in two of its forms, as `npm test` does it.
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const dist = join(import.meta.dirname, "dist");
const short = process.argv.includes("--short");
const [folder, only = ""] = process.argv.slice(2).filter((word) => word !== "--short");
if (folder === undefined) {
  console.error("Name the folder for the pictures: npm run ui:look -- FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const { csp } = JSON.parse(readFileSync(join(import.meta.dirname, "../tauri.conf.json"), "utf8")).app.security;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, "http://localhost").pathname);
  const file = join(dist, path === "/" ? "index.html" : path);
  const found = file.startsWith(dist) && (await stat(file).catch(() => null))?.isFile();
  if (!found) {
    response.writeHead(path === "/favicon.ico" ? 204 : 404).end();
    return;
  }
  response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream", "content-security-policy": csp });
  createReadStream(file).pipe(response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const id = (name) => `[data-testid="${name}"]`;
const click = (name) => async (page) => {
  await page.locator(id(name)).first().click();
};

const openPalette = (typed) => async (page) => {
  await page.keyboard.press("ControlOrMeta+k");
  await page.locator(id("palette-box")).fill(typed);
};

const bring = async (page) => {
  await click("choose-folder")(page);
  await page.locator(`${id("plan-start")}:enabled`).click();
  await page.waitForSelector(id("welcome-progress"));
};

/** A name, an address, what to do there, and what must be seen before the picture is taken. */
const views = [
  { name: "welcome", at: "?fake=empty#/welcome", see: id("welcome-next") },
  { name: "welcome-bring", at: "?fake=empty#/welcome/bring", see: id("try-samples") },
  { name: "welcome-reading", at: "?fake=empty#/welcome/bring", see: id("try-samples"), do: async (page) => {
      await bring(page);
      await page.waitForTimeout(1000);
    } },
  { name: "welcome-answer", at: "?fake=empty#/welcome/bring", see: id("try-samples"), do: async (page) => {
      await bring(page);
      await page.locator(`${id("welcome-progress")}:not([data-state=running])`).waitFor({ timeout: 30_000 });
      await page.locator(id("welcome-question")).fill("How old is the big beech?");
      await page.keyboard.press("Enter");
      await page.waitForSelector(id("hit"));
    } },
  { name: "recall-home", at: "?fake=full#/recall", see: id("question-box") },
  { name: "recall-answer", at: "?fake=full#/recall?q=How old is the big beech?", see: id("hit") },
  {
    name: "recall-around",
    at: "?fake=full#/recall?q=How old is the big beech?",
    see: id("hit"),
    do: (page) => page.locator(`${id("hit")} button`).first().click(),
  },
  { name: "recall-cjk", at: "?fake=full#/recall?q=森 🌸 forest", see: id("hit") },
  { name: "recall-nothing", at: "?fake=full#/recall?q=volcano&source=src-notes&from=2023-01-01", see: id("nothing") },
  { name: "recall-empty", at: "?fake=empty#/recall", see: id("choose-folder") },
  { name: "recall-error", at: "?fake=error#/doctor", see: id("doctor-headline"), do: async (page) => {
      await page.evaluate(() => { location.hash = "#/recall?q=beech"; });
      await page.waitForSelector("[role=alert]");
    } },
  { name: "recall-loading", at: "?fake=loading#/recall?q=beech", see: "[role=status]" },
  { name: "memory-document", at: "?fake=full#/memory/doc-beech.2", see: id("asked-passage") },
  { name: "memory-note", at: "?fake=full#/memory/doc-list", see: id("passage") },
  { name: "memory-summary", at: "?fake=full#/memory/sum-doc-beech", see: `${id("memory")} ol` },
  { name: "memory-missing", at: "?fake=full#/memory/nowhere", see: "[role=alert]" },
  { name: "sources", at: "?fake=full#/sources", see: id("ledger-row") },
  { name: "sources-menu", at: "?fake=full#/sources", see: id("ledger-row"), do: async (page) => {
      await click("import-menu")(page);
      await page.waitForSelector(id("choose-export"));
    } },
  { name: "sources-exports", at: "?fake=full#/sources", see: id("ledger-row"), do: async (page) => {
      await click("import-menu")(page);
      await click("choose-export")(page);
    } },
  { name: "sources-watched", at: "?fake=watched#/sources", see: id("watch-state"), do: (page) => page.locator(`${id("by-themselves")} summary`).click() },
  { name: "sources-gone", at: "?fake=gone#/sources", see: id("watch-state") },
  { name: "sources-rename", at: "?fake=full#/sources", see: id("ledger-row"), do: click("source-rename") },
  { name: "sources-renamed", at: "?fake=full#/sources", see: id("ledger-row"), do: async (page) => {
      await click("source-rename")(page);
      await page.locator(id("source-name")).fill("House and garden");
      await page.keyboard.press("Enter");
      await page.waitForSelector(id("toast-action"));
    } },
  { name: "sources-unread", at: "?fake=full#/sources", see: id("source-unread"), do: async (page) => {
      await click("source-unread")(page);
      await page.waitForSelector(id("unread-item"));
    } },
  { name: "sources-samples", at: "?fake=samples#/sources", see: id("samples-remove"), do: (page) => page.locator(id("samples-remove")).scrollIntoViewIfNeeded() },
  { name: "sources-samples-removed", at: "?fake=samples#/sources", see: id("samples-remove"), do: async (page) => {
      await click("samples-remove")(page);
      await page.waitForSelector(id("toast-action"));
    } },
  { name: "sources-many", at: "?fake=many#/sources", see: id("source-filter"), do: (page) => page.locator(id("source-filter")).fill("folder 12") },
  { name: "sources-empty", at: "?fake=empty#/sources", see: id("choose-folder") },
  { name: "sources-error", at: "?fake=error#/doctor", see: id("doctor-headline"), do: async (page) => {
      await page.evaluate(() => { location.hash = "#/sources"; });
      await page.waitForSelector("[role=alert]");
    } },
  { name: "sources-loading", at: "?fake=loading#/sources", see: "h1" },
  { name: "sources-importing", at: "?fake=importing#/sources", see: id("ledger-row") },
  { name: "plan", at: "?fake=full#/sources", see: id("import-menu"), do: async (page) => {
      await click("import-menu")(page);
      await click("choose-folder")(page);
      await page.waitForSelector(`${id("plan-start")}:enabled`);
    } },
  { name: "note", at: "?fake=full#/sources", see: id("import-menu"), do: async (page) => {
      await click("import-menu")(page);
      await click("write-note")(page);
      await page.locator(id("note-title")).fill("What Henning said about the owl");
      await page.locator(id("note-text")).fill("It has nested in the same tree for at least nine years. He will show me the pellets.");
    } },
  { name: "import-running", at: "?fake=importing#/sources/import/imp-9", see: id("batch-progress"), do: (page) => page.getByText("a second").waitFor() },
  { name: "import-report", at: "?fake=full#/sources/import/imp-2", see: id("batch-report") },
  { name: "import-report-filtered", at: "?fake=full#/sources/import/imp-2", see: id("report-search"), do: async (page) => {
      await page.locator(id("report-outcome")).selectOption("skipped");
      await page.locator(id("report-search")).scrollIntoViewIfNeeded();
    } },
  { name: "import-report-again", at: "?fake=full#/sources", see: id("source-again"), do: async (page) => {
      await click("source-again")(page);
      await page.waitForSelector(id("batch-cause"));
    } },
  { name: "import-report-clean", at: "?fake=full#/sources/import/imp-1", see: id("batch-report") },
  { name: "drop", at: "?fake=full#/recall", see: id("question-box"), do: (page) => page.dispatchEvent("body", "dragover") },
  { name: "tree", at: "?fake=full#/tree", see: id("tree-item") },
  { name: "tree-open", at: "?fake=full#/tree/doc-beech.2", see: id("asked-passage") },
  { name: "tree-summary", at: "?fake=full#/tree/sum-doc-reading", see: `${id("memory")} ol` },
  { name: "tree-waiting", at: "?fake=full#/tree/src-written", see: id("tree-item"), do: async (page) => {
      await page.locator(`[data-key="src-written"] ${id("tree-toggle")}`).click();
      await page.locator('[data-kind="waiting"]').click();
    } },
  { name: "tree-paged", at: "?fake=full#/tree/src-field", see: id("tree-item"), do: async (page) => {
      await page.locator(`[data-key="src-field"] ${id("tree-toggle")}`).click();
      await page.locator(`[data-key="sum-walks"] ${id("tree-toggle")}`).click();
      await page.locator(id("tree-more")).scrollIntoViewIfNeeded();
      await page.locator(id("tree-more")).focus();
    } },
  { name: "tree-empty", at: "?fake=empty#/tree", see: id("choose-folder") },
  { name: "doctor", at: "?fake=full#/doctor", see: id("component-row") },
  { name: "doctor-attention", at: "?fake=attention#/doctor", see: id("component-row") },
  { name: "doctor-gone", at: "?fake=gone#/doctor", see: id("component-row") },
  { name: "doctor-failing", at: "?fake=error", see: id("try-now") },
  { name: "settings", at: "?fake=full#/settings", see: id("backup-row") },
  { name: "settings-running", at: "?fake=full#/settings", see: id("backup-row"), do: async (page) => {
      await click("backup-now")(page);
      await page.waitForSelector(id("copy-cancel"));
    } },
  { name: "settings-restore", at: "?fake=full#/settings", see: id("backup-row"), do: async (page) => {
      await click("restore")(page);
      await page.waitForSelector(id("preview-row"));
    } },
  { name: "settings-discard", at: "?fake=full#/settings", see: id("backup-row"), do: click("discard") },
  { name: "settings-damaged", at: "?fake=damaged#/settings", see: id("damage") },
  { name: "settings-empty", at: "?fake=empty#/settings", see: id("no-backups") },
  { name: "settings-error", at: "?fake=error#/doctor", see: id("doctor-headline"), do: async (page) => {
      await page.evaluate(() => { location.hash = "#/settings"; });
      await page.waitForSelector("[role=alert]");
    } },
  { name: "palette", at: "?fake=full#/recall", see: id("question-box"), do: openPalette("") },
  { name: "palette-filtered", at: "?fake=full#/sources", see: id("ledger-row"), do: openPalette("no") },
  { name: "palette-ask", at: "?fake=full#/doctor", see: id("component-row"), do: openPalette("how old is the big beech?") },
  { name: "palette-nothing", at: "?fake=empty#/recall", see: id("choose-folder"), do: openPalette("volcano") },
  { name: "palette-import", at: "?fake=full#/sources/import/imp-2", see: id("batch-report"), do: openPalette("") },
  { name: "shortcuts", at: "?fake=full#/tree", see: id("tree-item"), do: async (page) => {
      await page.keyboard.press("?");
      await page.waitForSelector(id("shortcuts"));
    } },
  { name: "shortcuts-off", at: "?fake=full#/recall", see: id("question-box"), do: async (page) => {
      await openPalette("keyboard")(page);
      await page.keyboard.press("Enter");
      await click("character-keys")(page);
    } },
  { name: "toast", at: "?fake=full#/doctor", see: id("component-row"), do: async (page) => {
      await openPalette("copy report")(page);
      await page.keyboard.press("Enter");
      await page.waitForSelector(id("toast"));
    } },
  { name: "held", at: "?fake=held", see: id("held") },
];

/** The forms in which each view is seen. At a zoom of 200 % half as much fits on the page, each way. */
const forms = [
  { name: "light-1280", width: 1280, height: 800, short: true },
  { name: "light-720", width: 720, height: 640 },
  { name: "light-480", width: 480, height: 640 },
  { name: "dark-1280", width: 1280, height: 800, scheme: "dark" },
  { name: "dark-720", width: 720, height: 640, scheme: "dark", short: true },
  { name: "zoom-200", width: 640, height: 400 },
  { name: "rtl-1280", width: 1280, height: 800, rtl: true },
  { name: "contrast-1280", width: 1280, height: 800, contrast: true },
].filter((form) => !short || form.short);

const profile = mkdtempSync(join(tmpdir(), "oldgrowth-look-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  bypassCSP: false,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
await context.addInitScript(() => {
  // What one view chose must not be seen in the next.
  if (location.protocol === "http:") {
    localStorage.clear();
    localStorage.setItem("oldgrowth.welcomed", "yes");
  }
  addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
});

const findings = [];
let taken = 0;
for (const form of forms) {
  for (const view of views) {
    const name = `${view.name}-${form.name}`;
    if (!name.includes(only)) continue;
    const page = await context.newPage();
    await page.emulateMedia({ colorScheme: form.scheme ?? "light", reducedMotion: "reduce", forcedColors: form.contrast ? "active" : "none" });
    await page.setViewportSize({ width: form.width, height: form.height });
    if (form.rtl) await page.addInitScript(() => addEventListener("DOMContentLoaded", () => (document.documentElement.dir = "rtl")));
    page.on("console", (message) => message.type() === "error" && findings.push(`${name}: ${message.text()}`));
    page.on("pageerror", (error) => findings.push(`${name}: ${error.message}`));
    try {
      await page.goto(`${origin}/${view.at}`);
      await page.waitForSelector(view.see, { timeout: 8000 });
      await view.do?.(page);
      // Two frames, so that what the last step changed is drawn.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      if (view.name.endsWith("loading")) await page.waitForTimeout(600);
      await page.screenshot({ path: join(folder, `${name}.png`) });
      taken += 1;
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document));
      for (const { id: rule, impact, help, nodes } of violations) {
        if (impact === "serious" || impact === "critical") {
          findings.push(`${name}: ${rule} (${impact}): ${help}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`);
        }
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth || (document.querySelector("main")?.scrollWidth ?? 0) > (document.querySelector("main")?.clientWidth ?? 0));
      if (wide) findings.push(`${name}: the page is wider than the window`);
    } catch (error) {
      findings.push(`${name}: ${error.message.split("\n")[0]}`);
    }
    await page.close();
  }
}

await context.close();
server.close();
rmSync(profile, { recursive: true, force: true });
for (const finding of new Set(findings)) console.error(finding);
console.log(`${taken} pictures in ${folder}, ${new Set(findings).size} findings`);
process.exit(findings.length > 0 ? 1 : 0);

// Opens every place and state of the built window in Chromium, under the app's own content policy, and keeps a picture of each.
// Fails on a serious finding of axe, on an error in the console, on anything the policy forbids and on a page wider than its window.
//
//   npm run ui:build && npm run ui:look -- FOLDER [NAME-PART]
//
// With `--short` only in two of its forms, as `npm test` does it.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { openBrowser, servePage } from "./served.mjs";

const short = process.argv.includes("--short");
const [folder, only = ""] = process.argv.slice(2).filter((word) => word !== "--short");
if (folder === undefined) {
  console.error("Name the folder for the pictures: npm run ui:look -- FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { origin, close: endServer } = await servePage();

const id = (name) => `[data-testid="${name}"]`;
const click = (name) => async (page) => {
  await page.locator(id(name)).first().click();
};

const openPalette = (typed) => async (page) => {
  await page.keyboard.press("ControlOrMeta+k");
  await page.locator(id("palette-box")).fill(typed);
};

/** Opens the hundred thousand rows by keys alone, and goes on from there. */
const openLarge = (key, seen = '[data-key="old-3"]') => async (page) => {
  await page.locator(id("tree-item")).first().focus();
  for (const press of ["ArrowRight", "ArrowRight", "ArrowRight"]) {
    await page.keyboard.press(press);
    await page.waitForFunction(() => document.activeElement.getAttribute("aria-busy") === null);
  }
  await page.waitForSelector('[data-key="old-0"]');
  if (key !== undefined) await page.keyboard.press(key);
  await page.waitForSelector(seen);
};

/** Opens a row of the tree, to see what is under it. */
const unfold = (key) => async (page) => {
  await page.locator(`[data-key="${key}"] ${id("tree-toggle")}`).click();
  await page.waitForSelector(`[data-key="${key}"][aria-expanded="true"] ~ ${id("tree-item")}:not([aria-level="1"])`);
};

const bring = async (page) => {
  await click("choose-folder")(page);
  await page.locator(`${id("plan-start")}:enabled`).click();
  await page.waitForSelector(id("welcome-progress"));
};

/** Opens what a fix would do, and waits for its plan. */
const openFix = (code, seen = `${id("fix-apply")}:enabled`) => async (page) => {
  await page.locator(`[data-fix="${code}"]`).first().click();
  await page.waitForSelector(seen);
};

const applyFix = (code) => async (page) => {
  await openFix(code)(page);
  await click("fix-apply")(page);
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
  { name: "recall-typing", at: "?fake=full#/recall", see: id("question-box"), do: async (page) => {
      await page.locator(id("question-box")).pressSequentially("big bee", { delay: 30 });
      await page.waitForSelector(id("hit"));
    } },
  { name: "recall-write", at: "?fake=model#/recall?q=How old is the big beech?", see: id("write") },
  { name: "recall-written", at: "?fake=model#/recall?q=How old is the big beech?", see: id("write"), do: async (page) => {
      await page.click(id("write"));
      await page.waitForSelector(`${id("written")} a`);
    } },
  { name: "recall-why", at: "?fake=full#/recall?q=How old is the big beech on the slope?", see: id("hit"), do: async (page) => {
      await page.locator(id("show-same")).first().click();
      await page.waitForSelector(id("same"));
      await page.locator(id("why")).scrollIntoViewIfNeeded();
    } },
  { name: "recall-keys", at: "?fake=full#/recall?q=beech", see: id("hit"), do: async (page) => {
      await page.locator(id("question-box")).focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("w");
      await page.waitForSelector(`${id("why")} table`);
    } },
  { name: "recall-filters", at: "?fake=full#/recall?q=beech&source=src-field&kind=document&from=2023-01-01&to=2023-12-31", see: id("chips") },
  { name: "recall-filtered-out", at: "?fake=full#/recall?q=beech&source=src-written&kind=document&from=2024-01-01", see: id("behind") },
  { name: "recall-tagged", at: "?fake=full#/recall?q=beech&tag=trees", see: id("chips") },
  { name: "recall-unsearched", at: "?fake=attention#/recall?q=volcano", see: id("unsearched") },
  { name: "recall-empty", at: "?fake=empty#/recall", see: id("choose-folder") },
  { name: "recall-error", at: "?fake=error#/doctor", see: id("doctor-headline"), do: async (page) => {
      await page.evaluate(() => { location.hash = "#/recall?q=beech"; });
      await page.waitForSelector("[role=alert]");
    } },
  { name: "recall-loading", at: "?fake=loading#/recall?q=beech", see: "[role=status]" },
  { name: "memory-document", at: "?fake=full#/memory/doc-beech.2", see: id("asked-passage") },
  { name: "memory-tags", at: "?fake=full#/memory/doc-beech", see: id("tags") },
  { name: "memory-note", at: "?fake=full#/memory/doc-list", see: id("passage") },
  { name: "memory-summary", at: "?fake=full#/memory/sum-doc-beech", see: id("pair"), do: (page) => page.locator(id("pair-sentence")).nth(1).focus() },
  { name: "memory-long", at: "?fake=full#/memory/doc-diary.700", see: id("asked-passage") },
  { name: "memory-find", at: "?fake=full#/memory/doc-diary", see: id("passage"), do: async (page) => {
      await page.keyboard.press("ControlOrMeta+f");
      await page.locator(id("find-box")).fill("Day 1200");
      await page.locator("[data-found]").waitFor();
    } },
  { name: "memory-near", at: "?fake=full#/memory/doc-roof", see: id("near"), do: (page) => page.locator(id("near")).scrollIntoViewIfNeeded() },
  { name: "memory-conversation", at: "?fake=full#/memory/doc-chat.2", see: id("asked-passage") },
  ...[["same", "doc-beech.2"], ["changed", "doc-roof.1"], ["gone", "doc-reading.1"], ["message", "doc-chat.2"]].map(([state, chunk]) => ({
    name: `original-${state}`, at: `?fake=full#/memory/${chunk}`, see: id("show-in-original"), do: async (page) => {
      await click("show-in-original")(page);
      await page.waitForSelector(id("original-state"));
    },
  })),
  { name: "memory-missing", at: "?fake=full#/memory/nowhere", see: "[role=alert]" },
  { name: "people", at: "?fake=full#/people", see: id("person-row") },
  { name: "people-empty", at: "?fake=empty#/people", see: id("no-people") },
  { name: "activity-naming", at: "?fake=naming#/activity", see: id("activity-names") },
  { name: "people-many", at: "?fake=large#/people?page=3", see: id("names-next") },
  { name: "people-left", at: "?fake=paused#/people?kind=place", see: id("names-left") },
  { name: "people-filtered", at: "?fake=full#/people?q=zzz", see: id("names-found") },
  { name: "people-name", at: "?fake=full#/people/en_1", see: id("name-passage") },
  { name: "people-name-gone", at: "?fake=full#/people/en_99", see: id("name-page") },
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
  { name: "plan-tagged", at: "?fake=full#/sources", see: id("import-menu"), do: async (page) => {
      await click("import-menu")(page);
      await click("choose-folder")(page);
      await page.locator(id("plan-tags")).focus();
      await page.keyboard.type("Trees, the mill");
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
  { name: "drop-refused", at: "?fake=held", see: id("held"), do: (page) => page.dispatchEvent("body", "dragover") },
  { name: "close-dialog", at: "?fake=importing#/recall", see: id("question-box"), do: async (page) => {
      await page.evaluate(() => dispatchEvent(new CustomEvent("fake-command", { detail: "close-window" })));
      await page.waitForSelector(id("close-dialog"));
    } },
  { name: "about", at: "?fake=full#/recall", see: id("question-box"), do: async (page) => {
      await page.evaluate(() => dispatchEvent(new CustomEvent("fake-command", { detail: "about" })));
      await page.waitForSelector(id("about"));
    } },
  { name: "settings-window", at: "?fake=full#/settings", see: id("keep-running"), do: (page) => page.locator(id("keep-running")).scrollIntoViewIfNeeded() },
  { name: "tree", at: "?fake=full#/tree", see: id("tree-item") },
  { name: "tree-open", at: "?fake=full#/tree/doc-beech.2", see: id("asked-passage") },
  { name: "tree-summary", at: "?fake=full#/tree/sum-doc-reading", see: id("pair"), do: (page) => page.locator(id("pair")).first().hover() },
  { name: "tree-waiting", at: "?fake=full#/tree/src-written", see: id("tree-item"), do: async (page) => {
      await unfold("src-written")(page);
      await page.locator('[data-kind="waiting"]').click();
    } },
  { name: "tree-source", at: "?fake=full#/tree/src-notes", see: id("row-details") },
  { name: "tree-days", at: "?fake=full#/tree/days", see: id("row-details"), do: unfold("days") },
  { name: "tree-day", at: "?fake=full#/tree/days.Saturday-14-October-2023", see: id("pair") },
  { name: "tree-day-waiting", at: "?fake=full#/tree/waiting.days", see: id("row-details"), do: unfold("waiting.days") },
  { name: "tree-topics", at: "?fake=full#/tree/topics", see: id("row-details"), do: unfold("topics") },
  { name: "tree-topic", at: "?fake=full#/tree/topic.en_1", see: id("row-details"), do: unfold("topic.en_1") },
  { name: "tree-large-top", at: "?fake=large#/tree", see: id("tree-item"), do: openLarge() },
  { name: "tree-large-middle", at: "?fake=large#/tree/old-50000", see: '[data-key="old-50000"]' },
  { name: "tree-large-end", at: "?fake=large#/tree", see: id("tree-item"), do: openLarge("End", '[data-key="old-99999"]:focus') },
  { name: "tree-reading", at: "?fake=reading#/tree", see: id("tree-item"), do: openLarge("End", `${id("tree-unread")}:focus`) },
  { name: "tree-unread", at: "?fake=unread#/tree", see: id("tree-item"), do: openLarge("End", `${id("tree-failed")}:focus`) },
  { name: "tree-sources", at: "?fake=sources#/tree", see: id("tree-item") },
  { name: "tree-empty", at: "?fake=empty#/tree", see: id("choose-folder") },
  { name: "activity", at: "?fake=full#/activity", see: id("activity-ended") },
  { name: "activity-empty", at: "?fake=empty#/activity", see: id("choose-folder") },
  { name: "activity-error", at: "?fake=error#/doctor", see: id("doctor-headline"), do: async (page) => {
      await page.evaluate(() => { location.hash = "#/activity"; });
      await page.waitForSelector("[role=alert]");
    } },
  { name: "activity-importing", at: "?fake=importing#/activity", see: id("activity-running") },
  { name: "activity-paused", at: "?fake=paused#/activity", see: id("resume") },
  { name: "activity-failed", at: "?fake=failed#/activity", see: id("failed-group"), do: async (page) => {
      await page.locator(id("show-failed")).nth(1).click();
      await page.waitForSelector(id("failed-item"));
    } },
  { name: "activity-put-off", at: "?fake=putoff#/activity", see: id("activity-put-off") },
  { name: "doctor", at: "?fake=full#/doctor", see: id("component-row") },
  { name: "doctor-named", at: "?fake=full#/doctor/integrity", see: '#check-integrity [data-testid="evidence"]' },
  { name: "doctor-filtered", at: "?fake=attention#/doctor", see: id("state-chip"), do: async (page) => {
      await page.locator('[data-testid="state-chip"][data-state="unknown"]').click();
      await page.locator(id("check-filter")).fill("summar");
      await page.locator(id("check-filter")).scrollIntoViewIfNeeded();
    } },
  { name: "doctor-attention", at: "?fake=attention#/doctor", see: id("finding") },
  { name: "doctor-attention-end", at: "?fake=attention#/doctor", see: id("receipt-row"), do: (page) => page.locator(id("receipt-row")).last().scrollIntoViewIfNeeded() },
  { name: "doctor-folded", at: "?fake=attention#/doctor/coverage", see: id("waiting"), do: (page) => page.locator(`${id("waiting")} summary`).click() },
  { name: "doctor-plan", at: "?fake=attention#/doctor", see: id("fix"), do: openFix("rebuild_index") },
  { name: "doctor-plan-anew", at: "?fake=outdated#/doctor", see: id("fix"), do: async (page) => {
      await openFix("finish_missing")(page);
      await click("fix-apply")(page);
      await page.waitForSelector(id("plan-anew"));
    } },
  { name: "doctor-plan-grave", at: "?fake=error#/doctor", see: id("fix"), do: openFix("restore_backup") },
  { name: "doctor-applying", at: "?fake=attention#/doctor", see: id("fix"), do: async (page) => {
      await applyFix("rebuild_index")(page);
      await page.getByText("Writing the new index").waitFor();
    } },
  { name: "doctor-under-way", at: "?fake=attention#/doctor", see: id("fix"), do: async (page) => {
      await applyFix("rebuild_index")(page);
      await click("fix-hide")(page);
      await page.getByText("Writing the new index").waitFor();
    } },
  { name: "doctor-receipt", at: "?fake=gone#/doctor", see: id("fix"), do: async (page) => {
      await applyFix("stop_watching")(page);
      await page.waitForSelector(id("receipt"));
    } },
  { name: "doctor-receipt-copy", at: "?fake=error#/doctor", see: id("fix"), do: async (page) => {
      await applyFix("open_copy")(page);
      await page.waitForSelector(id("receipt-copy"));
    } },
  { name: "doctor-still-unwell", at: "?fake=attention#/doctor", see: id("fix"), do: async (page) => {
      await applyFix("verify_backup")(page);
      await page.waitForSelector(id("receipt"));
    } },
  { name: "doctor-undone", at: "?fake=gone#/doctor", see: id("fix"), do: async (page) => {
      await applyFix("stop_watching")(page);
      await page.locator(`${id("fix-dialog")} ${id("undo-fix")}`).click();
      await page.waitForSelector(id("receipt-undone"));
    } },
  { name: "doctor-undo", at: "?fake=error#/doctor", see: id("fix"), do: async (page) => {
      await applyFix("restore_backup")(page);
      await page.locator(`${id("fix-dialog")} ${id("undo-fix")}`).click();
      await page.waitForSelector(id("undo-dialog"));
    } },
  { name: "doctor-nothing-to-do", at: "?fake=attention#/doctor", see: id("fix"), do: async (page) => {
      await applyFix("verify_backup")(page);
      await page.waitForSelector(id("receipt"));
      await click("fix-close")(page);
      await openFix("verify_backup", id("nothing-to-do"))(page);
    } },
  { name: "doctor-crashed", at: "?fake=brokencheck#/doctor", see: id("finding") },
  { name: "doctor-running", at: "?fake=full#/doctor", see: id("component-row"), do: async (page) => {
      await click("run-all")(page);
      await page.waitForSelector('[data-code="integrity"] [data-testid="check-running"]');
    } },
  { name: "doctor-timeline", at: "?fake=full#/doctor/timeline", see: id("happened") },
  { name: "doctor-timeline-end", at: "?fake=full#/doctor/timeline", see: id("happened"), do: (page) => page.locator(id("happened")).last().scrollIntoViewIfNeeded() },
  { name: "doctor-timeline-receipt", at: "?fake=full#/doctor/timeline", see: id("happened-fix"), do: async (page) => {
      await page.locator(id("happened-fix")).nth(1).click();
      await page.waitForSelector(id("receipt"));
    } },
  { name: "doctor-timeline-empty", at: "?fake=empty#/doctor/timeline", see: id("timeline-empty") },
  { name: "doctor-report", at: "?fake=attention#/doctor", see: id("component-row"), do: async (page) => {
      await click("open-report")(page);
      await page.waitForSelector(id("report-id"));
    } },
  { name: "doctor-report-names", at: "?fake=attention#/doctor", see: id("component-row"), do: async (page) => {
      await click("open-report")(page);
      await page.locator(id("report-names")).check();
      await page.waitForSelector(id("report-id"));
    } },
  { name: "doctor-gone", at: "?fake=gone#/doctor", see: id("component-row") },
  { name: "doctor-readonly", at: "?fake=readonly#/doctor", see: id("try-now") },
  { name: "doctor-full-disk", at: "?fake=fulldisk#/doctor", see: id("finding-lead") },
  { name: "doctor-failing", at: "?fake=error", see: id("try-now") },
  { name: "settings-place-plan", at: "?fake=full#/settings", see: id("place-folder"), do: async (page) => {
      await click("place-move")(page);
      await page.waitForSelector(id("move-item"));
    } },
  { name: "settings-place-refused", at: "?fake=refused#/settings/place", see: id("place-folder"), do: async (page) => {
      await click("place-move")(page);
      await page.waitForSelector(id("move-refused"));
    } },
  { name: "settings-place-moved", at: "?fake=moved#/settings/place", see: id("copy-left") },
  { name: "settings-place-half", at: "?fake=half#/settings/place", see: id("copy-left") },
  { name: "settings-place-remove", at: "?fake=moved#/settings/place", see: id("copy-left"), do: click("left-remove") },
  { name: "settings-place-moving", at: "?fake=moving#/settings/place", see: id("moving") },
  { name: "settings-place-lost", at: "?fake=lost", see: id("use-old") },
  { name: "settings-storage", at: "?fake=full#/settings/storage", see: id("storage-part") },
  { name: "settings-storage-large", at: "?fake=large#/settings/storage", see: id("storage-count") },
  { name: "settings-models", at: "?fake=full#/settings/models", see: id("models-built-in"), do: async (page) => {
      await page.locator(id("model-usual")).first().click();
    } },
  { name: "settings-models-here", at: "?fake=model#/settings/models", see: id("model-here"), do: async (page) => {
      await click("model-list")(page);
      await page.waitForSelector(`select${id("model-name")}`);
      await click("model-test")(page);
      await page.waitForSelector(id("model-works"));
      await page.locator(id("model-test")).scrollIntoViewIfNeeded();
    } },
  { name: "settings-models-service", at: "?fake=service#/settings/models", see: id("model-agree") },
  { name: "settings-models-service-limits", at: "?fake=service#/settings/models", see: id("model-agree"), do: async (page) => {
      await page.locator(id("model-today")).scrollIntoViewIfNeeded();
      await page.locator(id("model-calls")).fill("many");
    } },
  { name: "settings-models-open", at: "?fake=full#/settings/models", see: id("models-built-in"), do: async (page) => {
      await page.locator(id("model-server")).fill("http://192.168.20.4:11434");
      await page.keyboard.press("Enter");
      await page.waitForSelector(id("model-open"));
    } },
  { name: "settings-models-away", at: "?fake=modelaway#/settings/models", see: id("models-trouble"), do: async (page) => {
      await click("model-test")(page);
      await page.waitForSelector(id("models-failed"));
    } },
  { name: "settings-models-asking", at: "?fake=full#/settings/models", see: id("models-built-in"), do: async (page) => {
      await page.locator(id("model-server")).fill("localhost:7");
      await page.keyboard.press("Enter");
      await page.waitForSelector(id("model-here"));
      await click("model-list")(page);
      await page.waitForSelector(id("model-stop"));
    } },
  { name: "settings-models-unreadable", at: "?fake=modelunread#/settings/models", see: id("models-unreadable") },
  { name: "settings-privacy", at: "?fake=reports#/settings/privacy", see: id("held-report") },
  { name: "settings-privacy-empty", at: "?fake=full#/settings/privacy", see: id("no-reports") },
  { name: "settings-privacy-unaddressed", at: "?fake=unaddressed#/settings/privacy", see: id("held-report") },
  { name: "settings-privacy-example", at: "?fake=full#/settings/privacy", see: id("no-reports"), do: async (page) => {
      await click("report-example")(page);
      await page.waitForSelector(id("report-text"));
    } },
  { name: "settings-privacy-failed", at: "?fake=offline#/settings/privacy", see: id("held-report"), do: async (page) => {
      await click("report-send")(page);
      await page.waitForSelector(`#settings-privacy [role="alert"]`);
    } },
  { name: "settings-privacy-delete-all", at: "?fake=reports#/settings/privacy", see: id("held-report"), do: click("reports-delete-all") },
  { name: "settings-network", at: "?fake=called#/settings/privacy", see: id("network-host"), do: async (page) => {
      await page.locator(id("network-open")).first().click();
      await page.waitForSelector(id("network-call"));
    } },
  { name: "settings-network-long", at: "?fake=called#/settings/privacy", see: id("network-host"), do: async (page) => {
      await page.locator(id("network-open")).nth(1).click();
      await page.locator(id("network-more")).scrollIntoViewIfNeeded();
    } },
  { name: "settings-network-offline", at: "?fake=switchedoff#/settings/privacy", see: id("offline-sign") },
  { name: "settings-network-unreadable", at: "?fake=noswitch#/settings/privacy", see: id("network-unreadable") },
  { name: "settings-network-problem", at: "?fake=nolist#/settings/privacy", see: id("network-problem"), do: async (page) => {
      await click("offline")(page);
      await page.waitForSelector(id("offline-failed"));
    } },
  { name: "settings-network-loading", at: "?fake=loading#/settings/privacy", see: "#settings-privacy" },
  { name: "ask-value", at: "?fake=ask#/recall?q=How old is the big beech?", see: id("report-ask") },
  { name: "ask-crash", at: "?fake=crashed#/recall", see: id("report-ask") },
  { name: "settings-looks", at: "?fake=full#/settings/looks", see: id("looks-theme") },
  { name: "settings-about", at: "?fake=full#/settings/about", see: id("version") },
  { name: "settings", at: "?fake=full#/settings", see: id("backup-row") },
  { name: "settings-running", at: "?fake=full#/settings/backup", see: id("backup-row"), do: async (page) => {
      await click("backup-now")(page);
      await page.waitForSelector(id("copy-cancel"));
    } },
  { name: "settings-restore", at: "?fake=full#/settings/backup", see: id("backup-row"), do: async (page) => {
      await click("restore")(page);
      await page.waitForSelector(id("preview-row"));
    } },
  { name: "settings-discard", at: "?fake=full#/settings/backup", see: id("backup-row"), do: click("discard") },
  { name: "settings-damaged", at: "?fake=damaged#/settings/backup", see: id("damage") },
  { name: "settings-empty", at: "?fake=empty#/settings/backup", see: id("no-backups") },
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
      await openPalette("keyboard shortcuts")(page);
      await page.keyboard.press("Enter");
      await click("character-keys")(page);
    } },
  { name: "toast", at: "?fake=full#/doctor", see: id("component-row"), do: async (page) => {
      await openPalette("zoom in")(page);
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

const { context, close: endBrowser } = await openBrowser();
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

await endBrowser();
endServer();
for (const finding of new Set(findings)) console.error(finding);
console.log(`${taken} pictures in ${folder}, ${new Set(findings).size} findings`);
process.exit(findings.length > 0 ? 1 : 0);

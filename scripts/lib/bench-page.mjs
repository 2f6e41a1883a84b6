// What the page costs a browser: its scripts, a scroll through a hundred thousand rows, and the palette.

import { openBrowser, servePage } from "../../ui/served.mjs";
import { median, millis } from "./measured.mjs";
import { JS_BYTES_MAX, scripts } from "./page-size.mjs";

const TASK_MS_MAX = 50;
const PALETTE_MS_MAX = 50;
const ROUNDS = 5;
const WHEEL_STEPS = 200;
const PALETTE_OPENS = 15;

export async function measurePage(rows) {
  const { bytes } = scripts();
  rows.add("scripts of the window, gzipped", `${(bytes / 1000).toFixed(1)} kB`, "n/a", `under ${JS_BYTES_MAX / 1000} kB`, bytes < JS_BYTES_MAX);
  const served = await servePage();
  const browser = await openBrowser();
  try {
    await browser.context.addInitScript(watch);
    await scroll(rows, browser.context, served.origin);
    await palette(rows, browser.context, `${served.origin}/?fake=full#/recall`, "3 sources");
    await palette(rows, browser.context, `${served.origin}/?fake=sources#/recall`, "10,000 sources");
  } finally {
    await browser.close();
    served.close();
  }
}

/** In the page, before anything else: notes each long task, the gaps between frames, and how long keys take. */
function watch() {
  globalThis.seen = { tasks: [], gaps: [] };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.seen.tasks.push(duration);
  }).observe({ type: "longtask", buffered: true });
  let before = performance.now();
  const frame = (now) => {
    globalThis.seen.gaps.push(now - before);
    before = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

const twoFrames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** By wheel all over the tree, then by keys to its ends and page by page. */
async function scroll(rows, context, origin) {
  const all = { tasks: [], gaps: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const page = await context.newPage();
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(`${origin}/?fake=large#/tree`);
    await page.locator('[data-testid="tree-item"]').first().focus();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight"]) {
      await page.keyboard.press(key);
      await page.waitForFunction(() => document.activeElement.getAttribute("aria-busy") === null);
    }
    await page.waitForSelector('[data-key="old-0"]');
    await twoFrames(page);
    // The start of the page is not part of the scroll.
    await page.evaluate(() => Object.assign(globalThis.seen, { tasks: [], gaps: [] }));
    const box = await page.locator('[role="tree"]').boundingBox();
    await page.mouse.move(box.x + 100, 400);
    for (let step = 0; step < WHEEL_STEPS; step += 1) await page.mouse.wheel(0, step % 4 === 3 ? 24_000 : 700);
    for (const key of ["End", "Home", "End", ...Array.from({ length: 30 }, () => "PageUp"), "Home", ...Array.from({ length: 30 }, () => "PageDown")]) {
      await page.keyboard.press(key);
    }
    await twoFrames(page);
    const seen = await page.evaluate(() => globalThis.seen);
    const lines = await page.locator('[role="treeitem"]').count();
    if (lines > 100) throw new Error(`${lines} rows are on the page, which are not all in view`);
    all.tasks.push(...seen.tasks);
    all.gaps.push(...seen.gaps);
    await page.close();
  }
  const longest = Math.max(0, ...all.tasks);
  rows.add(
    "scroll through 100,000 rows: the longest task",
    longest === 0 ? `none over ${TASK_MS_MAX} ms` : millis(longest),
    "n/a",
    `no task over ${TASK_MS_MAX} ms: ${all.tasks.length} in ${ROUNDS} rounds`,
    longest <= TASK_MS_MAX,
  );
  const sorted = all.gaps.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  rows.add("scroll through 100,000 rows: time between two frames, the median", millis(median(sorted)), "n/a", `99 of 100 within ${TASK_MS_MAX} ms: ${millis(p99)}`, p99 <= TASK_MS_MAX);
}

/** From the key to the frame that shows it, by the browser's own clock. */
async function palette(rows, context, address, what) {
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForSelector('[data-testid="question-box"]');
  await page.evaluate(() => {
    globalThis.opened = [];
    addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "k") return;
        const looked = () => {
          if (document.querySelector('[data-testid="palette-option"]') === null) requestAnimationFrame(looked);
          // A task after the frame: by then it has been painted.
          else new MessageChannelTask(() => globalThis.opened.push(performance.now() - event.timeStamp));
        };
        requestAnimationFrame(looked);
      },
      { capture: true },
    );
    globalThis.MessageChannelTask = class {
      constructor(run) {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = run;
        port2.postMessage(null);
      }
    };
  });
  for (let round = 0; round < PALETTE_OPENS; round += 1) {
    await page.keyboard.press("ControlOrMeta+k");
    await page.waitForFunction((count) => globalThis.opened.length > count, round);
    await page.keyboard.press("Escape");
    await page.waitForSelector('[data-testid="palette"]', { state: "hidden" });
    await twoFrames(page);
  }
  const times = await page.evaluate(() => globalThis.opened);
  const time = median(times);
  rows.add(`palette opened with ${what}, from the key to the painted frame`, millis(time), "n/a", `under ${PALETTE_MS_MAX} ms; the slowest ${millis(Math.max(...times))}`, time < PALETTE_MS_MAX);
  await page.close();
}

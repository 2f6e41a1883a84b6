// What a log says of the tests in it, by the lines of the runners in use.

const CARGO = /^test result: \w+\. (\d+) passed; (\d+) failed;/gm;
const VITEST = /^\s*Tests\s+(?:(\d+) failed)?(?: \| )?(?:(\d+) passed)?/gm;
const NODE = /^# (pass|fail) (\d+)$/gm;

/** Adds up `{ passed, failed }`. */
export function countTests(log) {
  const count = { passed: 0, failed: 0 };
  const add = (passed, failed) => {
    count.passed += Number(passed ?? 0);
    count.failed += Number(failed ?? 0);
  };
  for (const [, passed, failed] of log.matchAll(CARGO)) add(passed, failed);
  for (const [, failed, passed] of log.matchAll(VITEST)) add(passed, failed);
  for (const [, kind, number] of log.matchAll(NODE)) add(kind === "pass" ? number : 0, kind === "fail" ? number : 0);
  return count;
}

/** What Cargo printed of the tests that failed. Other programs' tests follow, so it is seldom at the log's end. */
export function failuresIn(log) {
  return [...log.matchAll(/^failures:\n\n(---- [^]*?)\n\n(?=failures:\n|test result:)/gm)].map(([, told]) => told).join("\n\n");
}

// What is measured outside of Rust, as rows of the page on performance.

/** `holds` says whether the bar was met. */
export class Rows {
  all = [];

  add(what, ours, plain, bar, holds) {
    console.log(`${what}: ${ours} | ${plain} | ${bar}: ${holds ? "met" : "MISSED"}`);
    this.all.push({ what, ours, plain, bar, holds });
  }
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
export const millis = (value) => `${value.toFixed(1)} ms`;

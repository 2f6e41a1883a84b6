/** Where each line of an opened tree stands, without a list of all its lines. */

/** A branch that is open: as many lines as it has rows, and those of the branches open under it. */
export interface OpenBranch {
  /** The id of the row whose children these are; empty for the roots. */
  id: string;
  level: number;
  total: number;
  /** The open ones among its rows. */
  open: { position: number; branch: OpenBranch }[];
}

/** Lines of one branch that follow each other, all of the same height. */
export interface Segment {
  branch: OpenBranch;
  /** The position of the first of them in its branch, and the end, excluded. */
  from: number;
  to: number;
  /** Of the first of them, in the whole tree. */
  index: number;
  top: number;
  height: number;
}

export interface Layout {
  segments: Segment[];
  lines: number;
  height: number;
}

/** `heightOf` is what a line of a level takes, in any unit. */
export function layOut(roots: OpenBranch, heightOf: (level: number) => number): Layout {
  const layout: Layout = { segments: [], lines: 0, height: 0 };
  const put = (branch: OpenBranch, from: number, to: number): void => {
    if (from >= to) return;
    const height = heightOf(branch.level);
    layout.segments.push({ branch, from, to, index: layout.lines, top: layout.height, height });
    layout.lines += to - from;
    layout.height += (to - from) * height;
  };
  const walk = (branch: OpenBranch): void => {
    let from = 0;
    for (const { position, branch: below } of branch.open.toSorted((a, b) => a.position - b.position)) {
      if (position >= branch.total) break;
      put(branch, from, position + 1);
      walk(below);
      from = position + 1;
    }
    put(branch, from, branch.total);
  };
  walk(roots);
  return layout;
}

/** A line: the segment it is in, and its position in its branch. */
export interface Spot {
  segment: Segment;
  position: number;
}

export const indexOf = ({ segment, position }: Spot): number => segment.index + position - segment.from;
export const topOf = ({ segment, position }: Spot): number => segment.top + (position - segment.from) * segment.height;

/** The line of this index; the nearest one when there is none. */
export function spotAt({ segments, lines }: Layout, index: number): Spot | null {
  const wanted = Math.min(Math.max(index, 0), lines - 1);
  const segment = lastWhere(segments, (one) => one.index <= wanted);
  return segment === null ? null : { segment, position: segment.from + wanted - segment.index };
}

/** The line at this height; the nearest one when there is none. */
export function spotBeneath({ segments }: Layout, top: number): Spot | null {
  const segment = lastWhere(segments, (one) => one.top <= Math.max(top, 0));
  if (segment === null) return null;
  const down = Math.floor((Math.max(top, 0) - segment.top) / segment.height);
  return { segment, position: Math.min(segment.from + down, segment.to - 1) };
}

/** The line that is at this position of a branch. */
export function spotOf({ segments }: Layout, branch: string, position: number): Spot | null {
  const segment = segments.find((one) => one.branch.id === branch && one.from <= position && position < one.to);
  return segment === undefined ? null : { segment, position };
}

/** The last of those in a row of which the first ones hold, by halving. */
function lastWhere(segments: Segment[], holds: (segment: Segment) => boolean): Segment | null {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const segment = segments[middle];
    if (segment !== undefined && holds(segment)) low = middle + 1;
    else high = middle;
  }
  return segments[low - 1] ?? null;
}

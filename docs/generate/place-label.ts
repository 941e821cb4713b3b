/** A rectangle in pixels; y grows downwards. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Label {
  /** Where the text begins, and its base line. */
  readonly x: number;
  readonly y: number;
  readonly box: Box;
}

const CHARACTER = 6.6;
const LINE = 14;
const GAP = 4;

/** A place beside `dot` for a text where it covers least of what is taken and stays inside; right of the dot if it can. */
export function placeLabel(text: string, dot: Box, taken: readonly Box[], inside: Box): Label {
  const width = text.length * CHARACTER;
  const middle = (dot.top + dot.bottom) / 2 - LINE / 2;
  const centre = (dot.left + dot.right) / 2 - width / 2;
  const [right, left] = [dot.right + GAP, dot.left - GAP - width];
  const [above, below] = [dot.top - GAP - LINE, dot.bottom + GAP];
  const corners = [
    ...[right, left].map((x) => [x, middle] as const),
    ...[above, below].map((y) => [centre, y] as const),
    ...[above, below].flatMap((y) => [[right, y] as const, [left, y] as const]),
    ...[above - LINE, below + LINE].map((y) => [centre, y] as const),
  ];
  const boxes = corners.map(([x, y]): Box => ({ left: x, right: x + width, top: y, bottom: y + LINE }));
  const costs = boxes.map((box) => {
    const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0);
    return Math.round(covered + 2 * (width * LINE - overlap(box, inside)));
  });
  const best = boxes[costs.indexOf(Math.min(...costs))] ?? dot;
  return { x: best.left, y: best.bottom - 3, box: best };
}

/** Common area, square pixels. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return Math.max(0, width) * Math.max(0, height);
}

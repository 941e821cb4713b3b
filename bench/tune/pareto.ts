/** What a point of the front trades: more throughput against less latency. */
export interface Traded {
  readonly rows: number;
  readonly p99: number;
}

/**
 * The points that no other point beats in throughput without being slower, by ascending throughput. Of equal points
 * the first stays.
 */
export function paretoFront<Point extends Traded>(points: readonly Point[]): Point[] {
  const front: Point[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const point of points.toSorted((a, b) => b.rows - a.rows || a.p99 - b.p99)) {
    if (!(point.p99 < least)) continue;
    least = point.p99;
    front.unshift(point);
  }
  return front;
}

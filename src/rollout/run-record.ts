import type { Interval } from '../inference/rollout.ts';
import { quantileRanks, wilson } from './confidence.ts';
import { RecentCounts } from './recent-counts.ts';

/** Latencies are counted in steps of a ninth: eight to the doubling, from 10 microseconds to some 10 minutes. */
const SHORTEST_MS = 0.01;
const STEPS = 8;
const BUCKETS = 26 * STEPS;

const REQUESTS = 0;
const ERRORS = 1;
const TIMED = 2;
const FIRST = 3;

const bucketOf = (milliseconds: number): number =>
  Math.min(BUCKETS - 1, Math.max(0, Math.floor(Math.log2(milliseconds / SHORTEST_MS) * STEPS)));

/** The shortest latency of a bucket. */
const edgeOf = (bucket: number): number => (bucket <= 0 ? 0 : SHORTEST_MS * 2 ** (bucket / STEPS));

/** A quantile of the latencies and between which two it lies, milliseconds. */
export interface LatencyBounds {
  readonly value: number;
  readonly lower: number;
  /** Infinity where there are too few requests to tell. */
  readonly upper: number;
}

/** How the requests of one arm went lately. */
export class RunRecord {
  readonly #counts = new RecentCounts(FIRST + BUCKETS);

  /** Of the generation that fills up: requests, or latencies where there are more of them. */
  get fresh(): number {
    return Math.max(this.#counts.current(REQUESTS), this.#counts.current(TIMED));
  }

  /** Requests that were answered or failed. */
  get requests(): number {
    return this.#counts.total(REQUESTS);
  }

  /** Requests that were computed or late: those that have a latency. */
  get timed(): number {
    return this.#counts.total(TIMED);
  }

  get errorRate(): Interval {
    return wilson(this.#counts.total(ERRORS), this.requests);
  }

  /** @param milliseconds undefined where nothing was computed: it tells nothing of how long that takes */
  answered(milliseconds: number | undefined): void {
    this.#counts.add(REQUESTS);
    if (milliseconds !== undefined) this.late(milliseconds);
  }

  failed(): void {
    this.#counts.add(REQUESTS);
    this.#counts.add(ERRORS);
  }

  /** It would have taken longer than `milliseconds`, which is all it was given. */
  late(milliseconds: number): void {
    this.#counts.add(TIMED);
    this.#counts.add(FIRST + bucketOf(milliseconds));
  }

  rotate(): void {
    this.#counts.rotate();
  }

  /**
   * A quantile, to the width of a step, and its confidence interval by order statistics. Undefined without requests.
   */
  latency(quantile: number): LatencyBounds | undefined {
    const buckets = this.#counts.totals.subarray(FIRST);
    const count = this.timed;
    if (count === 0) return undefined;
    const ranks = quantileRanks(quantile, count);
    return {
      value: edgeOf(bucketAt(buckets, Math.ceil(quantile * count)) + 1),
      lower: ranks.lower < 1 ? 0 : edgeOf(bucketAt(buckets, ranks.lower)),
      upper: ranks.upper > count ? Infinity : edgeOf(bucketAt(buckets, ranks.upper) + 1),
    };
  }
}

/** The bucket that holds the value of a rank. */
function bucketAt(buckets: Float64Array, rank: number): number {
  let seen = 0;
  for (const [bucket, count] of buckets.entries()) {
    seen += count;
    if (seen >= rank) return bucket;
  }
  return BUCKETS - 1;
}

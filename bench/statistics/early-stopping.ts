import { binomialAtMost } from './binomial.ts';

/** The confidence that MLPerf inference asks for. */
const CONFIDENCE = 0.99;

/**
 * How many queries it takes, when `slow` of them were too slow, to be sure that a share `quantile` of all queries is
 * on time: the smallest n with P[Bin(n, 1 - quantile) <= slow] <= 1 - confidence. MLPerf inference's early stopping.
 */
export function queriesNeeded(slow: number, quantile: number, confidence = CONFIDENCE): number {
  const enough = (count: number): boolean => binomialAtMost(slow, count, 1 - quantile) <= 1 - confidence;
  let most = Math.max(2, Math.ceil((slow + 1) / (1 - quantile)));
  while (!enough(most)) most *= 2;
  let least = slow;
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    if (enough(middle)) most = middle;
    else least = middle;
  }
  return most;
}

/** The most slow queries among `count` that still leave no doubt; undefined where `count` is too few for any claim. */
export function slowAllowed(count: number, quantile: number, confidence = CONFIDENCE): number | undefined {
  if (count < queriesNeeded(0, quantile, confidence)) return undefined;
  let least = 0;
  let most = Math.ceil(count * (1 - quantile)) + 1;
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    if (queriesNeeded(middle, quantile, confidence) <= count) least = middle;
    else most = middle;
  }
  return least;
}

/** Latencies as far as a claim about a quantile needs them. */
export interface Ranked {
  readonly count: number;
  /** The `rank`-th smallest, counted from 1. */
  ranked(rank: number): number;
}

/**
 * A latency that a share `quantile` of queries do not exceed, for sure: the largest that is left when as many as are
 * allowed are taken away from above. Undefined where there are too few.
 */
export function sureQuantile(
  latencies: Ranked,
  quantile: number,
  confidence = CONFIDENCE,
): number | undefined {
  const slow = slowAllowed(latencies.count, quantile, confidence);
  return slow === undefined ? undefined : latencies.ranked(latencies.count - slow);
}

/** Whether `slow` of `count` queries say for sure that a share `quantile` is on time ('met') or is not ('missed'). */
export function judge(
  count: number,
  slow: number,
  quantile: number,
  confidence = CONFIDENCE,
): 'met' | 'missed' | 'open' {
  if (binomialAtMost(slow, count, 1 - quantile) <= 1 - confidence) return 'met';
  return 1 - binomialAtMost(slow - 1, count, 1 - quantile) <= 1 - confidence ? 'missed' : 'open';
}

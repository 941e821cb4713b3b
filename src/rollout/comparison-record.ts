import { type ComparisonState, type Interval, SHADOW_ENDS, type ShadowEnd } from '../inference/rollout.ts';
import type { Comparison } from './compare-outputs.ts';
import { wilson } from './confidence.ts';
import { RecentCounts } from './recent-counts.ts';

const RUNS = 0;
const ROWS = 1;
const AGREED = 2;

/** Compared runs of a generation, at the least. */
const GENERATION = 1000;

/** What came of computing answers twice. */
export class ComparisonRecord {
  readonly #runs: Record<ShadowEnd, number> = { compared: 0, dropped: 0, failed: 0 };
  readonly #recent = new RecentCounts(3);
  readonly #generation: number;
  #largest = 0;

  /** @param least runs that are remembered where there have been so many */
  constructor(least = 0) {
    this.#generation = Math.max(GENERATION, least);
  }

  dropped(): void {
    this.#runs.dropped++;
  }

  failed(): void {
    this.#runs.failed++;
  }

  compared({ rows, agreed, largestDifference }: Comparison): void {
    this.#runs.compared++;
    this.#largest = Math.max(this.#largest, largestDifference);
    if (agreed === undefined) return;
    if (this.#recent.current(RUNS) >= this.#generation) this.#recent.rotate();
    this.#recent.add(RUNS);
    this.#recent.add(ROWS, rows);
    this.#recent.add(AGREED, agreed);
  }

  /** Runs whose agreement was judged lately. */
  get judged(): number {
    return this.#recent.total(RUNS);
  }

  get agreement(): Interval {
    return wilson(this.#recent.total(AGREED), this.#recent.total(ROWS));
  }

  state(): ComparisonState {
    const rows = this.#recent.total(ROWS);
    return {
      runs: Object.fromEntries(SHADOW_ENDS.map((end) => [end, this.#runs[end]])) as Record<ShadowEnd, number>,
      rows,
      agreement: rows === 0 ? undefined : this.agreement,
      largestDifference: this.#largest,
    };
  }
}

import { InferenceError } from '../errors.ts';
import type { ArmRun, RolloutGuard, RolloutShare, RunEnd, Target } from '../inference/rollout.ts';
import type { Registry } from '../inference/served.ts';
import { orError } from './baseline.ts';
import { ComparisonRecord } from './comparison-record.ts';
import { type Breach, breachOf } from './guard.ts';
import { endOfAnswer, latencyOf } from './run-ends.ts';
import { RunRecord } from './run-record.ts';
import { type Span, within } from './share-table.ts';
import { targetOf } from './target-check.ts';

/**
 * Requests of the canary after which the older ones are forgotten, those of the baseline in the same time with them.
 */
const GENERATION = 1000;

/** Latencies from which on the 95th percentile has an upper bound: with fewer of the baseline no canary is too slow. */
const BOUNDED = 210;

export const noRequests = (): Record<RunEnd, number> => ({ ok: 0, error: 0, refused: 0 });

/** One canary of a rollout: its keys, its figures beside the baseline's of the same time, and whether it still runs. */
export class Canary {
  readonly plan: RolloutShare;
  readonly requests = noRequests();
  readonly runs = new RunRecord();
  readonly baseline = new RunRecord();
  readonly comparisons: ComparisonRecord;
  breach: Breach | undefined;
  readonly #span: Span;
  readonly #guard: RolloutGuard;
  /** Requests of the baseline without which it is not compared with: a large share leaves it few at a time. */
  readonly #leastBaseline: number;

  /** @param breach for which it was rolled back before */
  constructor(plan: RolloutShare, span: Span, guard: RolloutGuard, breach: Breach | undefined) {
    this.plan = plan;
    this.breach = breach;
    this.#span = span;
    this.#guard = guard;
    this.comparisons = new ComparisonRecord(guard.minComparisons);
    this.#leastBaseline = Math.max(guard.minRequests, BOUNDED);
  }

  takes(position: number): boolean {
    return this.breach === undefined && within(this.#span, position);
  }

  ended(end: RunEnd): void {
    if (this.runs.fresh >= Math.max(GENERATION, this.#guard.minRequests)) {
      this.runs.rotate();
      if (this.baseline.fresh >= this.#leastBaseline) this.baseline.rotate();
    }
    this.requests[end]++;
  }

  answered(run: ArmRun): void {
    const end = endOfAnswer(run.result);
    this.ended(end);
    if (end === 'error') this.runs.failed();
    else this.runs.answered(latencyOf(run));
  }

  /** The breach that ends it, told once: where the figures show one for the first time. */
  judge(): Breach | undefined {
    if (this.breach !== undefined) return undefined;
    this.breach = breachOf(this.#guard, this.runs, this.baseline, this.comparisons);
    return this.breach;
  }
}

/** Who answers for a canary or shadow; undefined where nobody can: it is not READY, or is what the baseline is. */
export function readyTarget(plan: RolloutShare, baseline: Target, registry: Registry): Target | undefined {
  const target = orError(() => targetOf(plan, baseline, registry));
  return target instanceof InferenceError ? undefined : target;
}

import type { Bound, Interval, RolloutGuard } from '../inference/rollout.ts';
import { increaseBound, quotientBound } from './confidence.ts';
import type { LatencyBounds } from './run-record.ts';

/** How the requests of an arm went: a `RunRecord`, or what a test makes up. */
export interface RunFigures {
  /** Answered or failed. */
  readonly requests: number;
  readonly errorRate: Interval;
  /** Answered or late. */
  readonly timed: number;
  latency(quantile: number): LatencyBounds | undefined;
}

export interface AgreementFigures {
  /** Compared runs. */
  readonly judged: number;
  readonly agreement: Interval;
}

export interface Breach {
  readonly bound: Bound;
  /** What was measured and what was allowed, in words. */
  readonly reason: string;
}

const QUANTILE = 0.95;

/** Why a canary must go, where its figures leave no doubt: one that is not a number breaks no bound. Pure. */
export function breachOf(
  guard: RolloutGuard,
  canary: RunFigures,
  baseline: RunFigures,
  comparison: AgreementFigures,
): Breach | undefined {
  return (
    agreementBreach(guard, comparison) ??
    errorBreach(guard, canary, baseline) ??
    latencyBreach(guard, canary, baseline)
  );
}

function agreementBreach(
  { minAgreement, minComparisons }: RolloutGuard,
  { judged, agreement }: AgreementFigures,
): Breach | undefined {
  if (minAgreement === undefined || judged < minComparisons || !(agreement.upper < minAgreement))
    return undefined;
  return {
    bound: 'agreement',
    reason: `it agrees with the baseline in ${between(agreement)} of ${judged} compared runs, minAgreement is ${percent(minAgreement)}`,
  };
}

function errorBreach(guard: RolloutGuard, canary: RunFigures, baseline: RunFigures): Breach | undefined {
  const { maxErrorRate, maxErrorRateIncrease, minRequests } = guard;
  if (canary.requests < minRequests) return undefined;
  const rate = canary.errorRate;
  const of = `${between(rate)} of ${canary.requests} requests fail`;
  if (maxErrorRate !== undefined && rate.lower > maxErrorRate) {
    return { bound: 'error_rate', reason: `${of}, maxErrorRate is ${percent(maxErrorRate)}` };
  }
  if (maxErrorRateIncrease === undefined || baseline.requests < minRequests) return undefined;
  if (!(increaseBound(rate, baseline.errorRate) > maxErrorRateIncrease)) return undefined;
  return {
    bound: 'error_rate',
    reason: `${of}, of the baseline's ${percent(baseline.errorRate.ratio)}, maxErrorRateIncrease is ${percent(maxErrorRateIncrease)}`,
  };
}

function latencyBreach(
  { maxLatencyRatio, minRequests }: RolloutGuard,
  canary: RunFigures,
  baseline: RunFigures,
): Breach | undefined {
  if (maxLatencyRatio === undefined || Math.min(canary.timed, baseline.timed) < minRequests) {
    return undefined;
  }
  const own = canary.latency(QUANTILE);
  const usual = baseline.latency(QUANTILE);
  if (own === undefined || usual === undefined || !(quotientBound(own, usual) > maxLatencyRatio))
    return undefined;
  return {
    bound: 'latency',
    reason: `its 95th percentile is ${own.value.toPrecision(3)} ms, the baseline's ${usual.value.toPrecision(3)} ms, maxLatencyRatio is ${maxLatencyRatio}`,
  };
}

const percent = (ratio: number): string => `${Number((100 * ratio).toFixed(2))} %`;

const between = ({ lower, upper }: Interval): string => `${percent(lower)} to ${percent(upper)}`;

import { Histogram } from '../statistics/histogram.ts';
import { LATE_AFTER } from '../suite/figures.ts';
import { OUTCOMES, type Outcome, type Samples } from './samples.ts';

/** An answer is late, and worth nothing, when it comes more than this share of its time after its deadline. */
export const TOLERANCE = 0.05;

/** What one window came to. Rates per second, times in milliseconds, shares from 0 to 1. */
export interface Figures {
  readonly seconds: number;
  readonly offered: number;
  /** Answers on time at the client, counted from when they were meant to go. */
  readonly goodput: number;
  readonly answered: number;
  readonly refused: number;
  readonly dropped: number;
  readonly failed: number;
  /** Mean over everything offered of the accuracy of an answer on time, 0 for everything else. */
  readonly effectiveAccuracy: number;
  /** Late ones of the answers: as the client saw it, and as the server did. */
  readonly lateAtClient: number;
  readonly lateAtServer: number;
  readonly p50: number;
  readonly p99: number;
  readonly refusalP50: number;
  readonly refusalP99: number;
  /** Requests that the generator sent more than a millisecond late. */
  readonly sentLate: number;
  /** Shares of the answers by variant, the largest first. */
  readonly variants: readonly (readonly [string, number])[];
  readonly failure?: string;
}

const quantilesOf = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

/** @param deadline milliseconds; Infinity for requests that have none */
export function figuresOf(
  samples: Samples,
  deadline: number,
  accuracies: ReadonlyMap<string, number>,
): Figures {
  const { seconds, outcome, variant, variants, latency, lateness, server } = samples;
  const counts: Record<Outcome, number> = { answered: 0, refused: 0, dropped: 0, failed: 0 };
  const byVariant = variants.map(() => 0);
  const bound = deadline * (1 + TOLERANCE);
  const answers: number[] = [];
  const refusals: number[] = [];
  let [onTime, right, lateClient, lateServer, sentLate] = [0, 0, 0, 0, 0];
  for (let index = 0; index < outcome.length; index++) {
    const ending = OUTCOMES[outcome[index] ?? 0] ?? 'failed';
    const took = latency[index] ?? Number.NaN;
    counts[ending]++;
    if ((lateness[index] ?? 0) > LATE_AFTER) sentLate++;
    if (ending === 'refused') refusals.push(took);
    if (ending !== 'answered') continue;
    answers.push(took);
    const by = variant[index] ?? 0;
    byVariant[by] = (byVariant[by] ?? 0) + 1;
    if ((server[index] ?? 0) > bound) lateServer++;
    if (took > bound) lateClient++;
    else {
      onTime++;
      right += accuracies.get(variants[by] ?? '') ?? 0;
    }
  }
  const total = outcome.length;
  const [latencies, refusalTimes] = [quantilesOf(answers), quantilesOf(refusals)];
  const share = (count: number, of: number): number => (of === 0 ? 0 : count / of);
  return {
    seconds,
    offered: total / seconds,
    goodput: onTime / seconds,
    answered: counts.answered / seconds,
    refused: counts.refused / seconds,
    dropped: counts.dropped / seconds,
    failed: counts.failed / seconds,
    effectiveAccuracy: share(right, total),
    lateAtClient: share(lateClient, counts.answered),
    lateAtServer: share(lateServer, counts.answered),
    p50: latencies.quantile(0.5),
    p99: latencies.quantile(0.99),
    refusalP50: refusalTimes.quantile(0.5),
    refusalP99: refusalTimes.quantile(0.99),
    sentLate: share(sentLate, total),
    variants: variants
      .map((name, index) => [name, share(byVariant[index] ?? 0, counts.answered)] as const)
      .toSorted((a, b) => b[1] - a[1]),
    ...(samples.failure === undefined ? {} : { failure: samples.failure }),
  };
}

/** Several windows of one kind as one. */
export function mergeSamples(parts: readonly Samples[]): Samples {
  const variants = [...new Set(parts.flatMap((part) => part.variants))];
  const size = parts.reduce((sum, { outcome }) => sum + outcome.length, 0);
  const merged = {
    outcome: new Uint8Array(size),
    variant: new Uint8Array(size),
    latency: new Float64Array(size),
    lateness: new Float64Array(size),
    server: new Float64Array(size),
  };
  let at = 0;
  for (const part of parts) {
    merged.outcome.set(part.outcome, at);
    merged.variant.set(
      part.variant.map((index) => Math.max(0, variants.indexOf(part.variants[index] ?? ''))),
      at,
    );
    merged.latency.set(part.latency, at);
    merged.lateness.set(part.lateness, at);
    merged.server.set(part.server, at);
    at += part.outcome.length;
  }
  const failure = parts.find((part) => part.failure !== undefined)?.failure;
  return {
    ...merged,
    variants,
    seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
    generatorCpu: parts.reduce((sum, { generatorCpu }) => sum + generatorCpu, 0),
    ...(failure === undefined ? {} : { failure }),
  };
}

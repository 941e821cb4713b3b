import { STABLE_WITHIN } from '../statistics/stability.ts';
import { type RatioEstimate, ratioOf } from '../statistics/welch.ts';
import { failedOf } from '../suite/figures.ts';
import { NEAR } from '../suite/server-search.ts';
import type { ComparedPoint, ComparedResult, ComparedWindow } from './read-result.ts';

/** A change smaller than this is none, however sure it is. */
export const TOLERANCE = 0.03;

/** Nothing is called the same that may have changed by more: windows that count as stable differ by as much. */
const RESOLUTION = STABLE_WITHIN;

type Figure =
  | ('rows/s' | 'rows/s to ceiling' | 'p50' | 'p99')
  | ('rate' | 'rate to ceiling')
  | ('failures' | 'answers' | 'load');

export interface Comparison {
  readonly label: string;
  readonly figure: Figure;
  /** Second run to first; undefined where it cannot be judged. */
  readonly estimate?: RatioEstimate;
  /** `undecided`: the interval is too wide to say that nothing changed. */
  readonly verdict: 'better' | 'worse' | 'same' | 'undecided' | 'not judged';
  /** The reason for a verdict that the estimate does not explain. */
  readonly why?: string;
}

/** Whether two runs measured nothing of the same kind. */
export const haveNothingInCommon = (comparisons: readonly Comparison[]): boolean =>
  comparisons.every(({ figure }) => figure === 'load');

/**
 * Compares the loads of two runs by what their windows measured. A load that one of them lacks is listed as not
 * judged: a run that ended early must not look like one that kept up.
 */
export function compareResults(
  before: ComparedResult,
  after: ComparedResult,
  tolerance = TOLERANCE,
): Comparison[] {
  const judgement = { tolerance, ceilings: whyOtherCeiling(before, after) };
  const now = new Map(after.points.map((point) => [point.label, point]));
  const known = new Set(before.points.map(({ label }) => label));
  const compared = before.points.flatMap((point) => {
    const other = now.get(point.label);
    return other === undefined
      ? [lone(point, 'missing in the second result')]
      : [
          ...brokenSince(point, other),
          ...(isSearched(other) ? compareRates : compareWindows)(point, other, judgement),
        ];
  });
  const added = after.points.filter(({ label }) => !known.has(label));
  return [...compared, ...added.map((point) => lone(point, 'missing in the first result'))];
}

const lone = ({ label }: ComparedPoint, why: string): Comparison => ({
  label,
  figure: 'load',
  verdict: 'not judged',
  why,
});

const isSearched = ({ scenario }: ComparedPoint): boolean => scenario === 'server';

interface Judgement {
  readonly tolerance: number;
  /** Why the ceilings of the two runs are different things; undefined where they are not. */
  readonly ceilings: string | undefined;
}

/** More sessions have another ceiling on the same machine: what is divided by it has changed with it. */
function whyOtherCeiling(before: ComparedResult, after: ComparedResult): string | undefined {
  const [then, now] = [before, after].map(({ ceiling }) => ceiling?.sessions);
  if (then === undefined || now === undefined || then === now) return undefined;
  return `the ceiling is of ${then} sessions before, of ${now} now`;
}

/** How the machine's own speed changed, by bare sessions: it is as noisy as what is measured beside it. */
const ceilingsOf = (before: ComparedPoint, after: ComparedPoint) =>
  ratioOf([after.ceilings ?? []], [before.ceilings ?? []]);

/**
 * Two searches for a rate, by what they found alone: their windows were measured at other rates, where other latencies
 * are no change. The largest rate that meets the bound is between the one that was found and the next step.
 */
function compareRates(
  before: ComparedPoint,
  after: ComparedPoint,
  { tolerance, ceilings }: Judgement,
): Comparison[] {
  const { label } = after;
  const machine = ceilingsOf(before, after);
  const figure = machine ? 'rate to ceiling' : 'rate';
  const unusable = whyUnusable(before) ?? whyUnusable(after);
  if (unusable !== undefined) return [{ label, figure, verdict: 'not judged', why: unusable }];
  const [then, now] = [before, after].map(({ headline }) => headline?.value);
  if (then === undefined || now === undefined) {
    const verdict = then === now ? 'not judged' : now === undefined ? 'worse' : 'better';
    return [{ label, figure, verdict, why: `${then ?? 'none'} before, ${now ?? 'none'} now` }];
  }
  if (machine !== undefined && ceilings !== undefined) {
    return [{ label, figure, verdict: 'not judged', why: ceilings }];
  }
  const { ratio = 1, low = 1, high = 1 } = machine ?? {};
  const found = now / then;
  const estimate = { ratio: found / ratio, low: found / high / NEAR, high: (found / low) * NEAR };
  return [{ label, figure, estimate, verdict: verdictOf(estimate, 'better', tolerance) }];
}

/**
 * Why a search says nothing about the server. That no rate kept the bound does, though the load has no other figures
 * that may be used.
 */
function whyUnusable({ headline, invalid }: ComparedPoint): string | undefined {
  const { value, limit } = headline ?? {};
  if (limit === 'server' && value === undefined) return undefined;
  const least = value === undefined || limit === undefined || limit === 'server' ? undefined : value;
  return (
    invalid[0] ??
    (least === undefined ? undefined : `at least ${least.toFixed(1)}: it is not the server's limit`)
  );
}

function compareWindows(
  before: ComparedPoint,
  after: ComparedPoint,
  { tolerance, ceilings: otherCeiling }: Judgement,
): Comparison[] {
  const { label } = after;
  const unusable = [before, after].flatMap((point) => point.invalid)[0];
  const judge = (
    figure: Figure,
    pick: (window: ComparedWindow) => number | null,
    larger: 'better' | 'worse',
    scale: (point: ComparedPoint) => readonly (readonly number[])[] = () => [],
    unlike?: string,
  ): Comparison => {
    const unjudged = (why: string): Comparison => ({ label, figure, verdict: 'not judged', why });
    if (unusable !== undefined) return unjudged(unusable);
    if (unlike !== undefined) return unjudged(unlike);
    if (Math.min(before.windows.length, after.windows.length) < 2) return unjudged('too few windows');
    const values = ({ windows }: ComparedPoint) => windows.map((window) => pick(window) ?? Number.NaN);
    const estimate = ratioOf([values(after), ...scale(before)], [values(before), ...scale(after)]);
    if (estimate === undefined) return unjudged('a window without answers');
    return { label, figure, estimate, verdict: verdictOf(estimate, larger, tolerance) };
  };
  const known = [before, after].every(({ windows }) => windows.every(({ sent }) => sent !== undefined));
  const throughput = ({ rows, sent = 1 }: ComparedWindow): number | null =>
    known && rows !== null ? rows / sent : rows;
  // At a rate that is set, a faster machine answers no more, so that its ceiling says nothing about the server; nor
  // does it say anything about it how many requests happened to go in a window.
  const paired = after.scenario !== 'rate' && ceilingsOf(before, after) !== undefined;
  return [
    paired
      ? judge('rows/s to ceiling', throughput, 'better', ({ ceilings = [] }) => [ceilings], otherCeiling)
      : judge('rows/s', throughput, 'better'),
    judge('p50', ({ p50 }) => p50, 'worse'),
    judge('p99', ({ p99 }) => p99, 'worse'),
  ];
}

/** What is worse whatever the windows say: failures that were not there before, no answers any more. */
function brokenSince(before: ComparedPoint, after: ComparedPoint): Comparison[] {
  const { label } = after;
  const broken: Comparison[] = [];
  const [then, now] = [failuresOf(before), failuresOf(after)];
  if (failedOf(before) === 0 ? failedOf(after) > 0 : isMoreOften(then, now)) {
    const why = `${failedOf(before)} before, ${failedOf(after)} now`;
    broken.push({ label, figure: 'failures', verdict: 'worse', why });
  }
  if (before.throughput > 0 && after.throughput === 0) {
    broken.push({ label, figure: 'answers', verdict: 'worse', why: 'none now' });
  }
  return broken;
}

interface Share {
  readonly failed: number;
  readonly count: number;
}

/** Of the windows that count: how many there were before them is chance. */
function failuresOf({ windows, latency }: ComparedPoint): Share {
  const failed = windows.reduce((sum, each) => sum + each.failed, 0);
  return { failed, count: failed + latency.count };
}

/** The share above which a normal deviate is in 2.5 % of all cases. */
const BEYOND_CHANCE = 1.96;

/**
 * Whether a larger share failed, beyond chance: a server that refuses what is too much for it refuses a few more in
 * every other run, and more of them in longer ones.
 */
function isMoreOften(before: Share, after: Share): boolean {
  const [then, now] = [before, after].map(({ failed, count }) => failed / Math.max(1, count)) as [
    number,
    number,
  ];
  const pooled = (before.failed + after.failed) / Math.max(1, before.count + after.count);
  const variance = pooled * (1 - pooled) * (1 / Math.max(1, before.count) + 1 / Math.max(1, after.count));
  return now - then > BEYOND_CHANCE * Math.sqrt(variance);
}

/**
 * A change counts when the whole interval is on one side of 1 and its middle beyond the tolerance. There is none when
 * the whole interval is within what can be told apart, or within the tolerance where that is more.
 */
function verdictOf({ ratio, low, high }: RatioEstimate, larger: 'better' | 'worse', tolerance: number) {
  if (low > 1 && ratio > 1 + tolerance) return larger;
  if (high < 1 && ratio < 1 - tolerance) return larger === 'better' ? 'worse' : 'better';
  const width = Math.max(RESOLUTION, tolerance);
  return low >= 1 - width && high <= 1 + width ? 'same' : 'undecided';
}

export function comparisonText({ label, figure, estimate, verdict, why }: Comparison): string {
  const percent = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;
  const change =
    estimate === undefined
      ? (why ?? '')
      : `${percent(estimate.ratio)} (${figure.startsWith('rate') ? 'steps of the search' : '95 %'}: ${percent(estimate.low)} to ${percent(estimate.high)})`;
  return `${label.padEnd(34)} ${figure.padEnd(18)} ${verdict.padEnd(11)} ${change}`;
}

/** Said once below the table, where a verdict needs it. */
export function undecidedText(comparisons: readonly Comparison[], tolerance: number): string {
  if (!comparisons.some(({ verdict }) => verdict === 'undecided')) return '';
  const width = `${(Math.max(RESOLUTION, tolerance) * 100).toFixed(0)} %`;
  return `undecided: the interval reaches beyond ${width}; more windows narrow it\n`;
}

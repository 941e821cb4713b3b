import { z } from 'zod';
import { compareMeans, type RatioEstimate } from '../statistics/welch.ts';
import { failedOf } from '../suite/figures.ts';
import { FORMAT, type Point, type SuiteResult, type WindowFigures } from '../suite/result.ts';

/** A change smaller than this is none, however sure it is. */
export const TOLERANCE = 0.03;

export interface Comparison {
  readonly label: string;
  readonly figure: 'rows/s' | 'rows/s to ceiling' | 'p50' | 'p99' | 'failures';
  /** Second run to first; undefined where it cannot be judged, and `why` says why. */
  readonly estimate?: RatioEstimate;
  readonly verdict: 'better' | 'worse' | 'same' | 'not judged';
  readonly why?: string;
}

const HEAD = z.looseObject({
  format: z.literal(FORMAT),
  points: z.array(z.looseObject({ label: z.string() })),
});

/** Reads what `--json` wrote. Throws where it is something else. */
export function parseResult(text: string, name: string): SuiteResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${name} is not JSON`);
  }
  if (!HEAD.safeParse(value).success) throw new Error(`${name} is not a result of this suite (${FORMAT})`);
  return value as SuiteResult;
}

/** Compares the loads that two runs have in common, by what their windows measured. */
export function compareResults(before: SuiteResult, after: SuiteResult, tolerance = TOLERANCE): Comparison[] {
  const known = new Map(before.points.map((point) => [point.label, point]));
  return after.points.flatMap((point) => {
    const other = known.get(point.label);
    return other === undefined ? [] : comparePoints(other, point, tolerance);
  });
}

function comparePoints(before: Point, after: Point, tolerance: number): Comparison[] {
  const { label } = after;
  const [failedBefore, failedAfter] = [failedOf(before), failedOf(after)];
  const failures: Comparison[] =
    failedAfter > failedBefore
      ? [{ label, figure: 'failures', verdict: 'worse', why: `${failedBefore} before, ${failedAfter} now` }]
      : [];
  const unusable = [before, after].flatMap((point) => point.invalid)[0];
  const judge = (
    figure: Comparison['figure'],
    pick: (window: WindowFigures, point: Point) => number,
    larger: 'better' | 'worse',
  ): Comparison => {
    if (unusable !== undefined) return { label, figure, verdict: 'not judged', why: unusable };
    const values = (point: Point): number[] => point.windows.map((window) => pick(window, point));
    const estimate = compareMeans(values(before), values(after));
    if (estimate === undefined) return { label, figure, verdict: 'not judged', why: 'too few windows' };
    return { label, figure, estimate, verdict: verdictOf(estimate, larger, tolerance) };
  };
  const paired = before.ceiling !== undefined && after.ceiling !== undefined;
  return [
    ...failures,
    paired
      ? judge('rows/s to ceiling', (window, point) => window.rows / (point.ceiling ?? 1), 'better')
      : judge('rows/s', (window) => window.rows, 'better'),
    judge('p50', (window) => window.p50, 'worse'),
    judge('p99', (window) => window.p99, 'worse'),
  ];
}

/** A change counts when the whole interval is on one side of 1 and its middle beyond the tolerance. */
function verdictOf({ ratio, low, high }: RatioEstimate, larger: 'better' | 'worse', tolerance: number) {
  if (low > 1 && ratio > 1 + tolerance) return larger;
  if (high < 1 && ratio < 1 - tolerance) return larger === 'better' ? 'worse' : 'better';
  return 'same';
}

export function comparisonText({ label, figure, estimate, verdict, why }: Comparison): string {
  const percent = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;
  const change =
    estimate === undefined
      ? (why ?? '')
      : `${percent(estimate.ratio)} (95 %: ${percent(estimate.low)} to ${percent(estimate.high)})`;
  return `${label.padEnd(34)} ${figure.padEnd(18)} ${verdict.padEnd(11)} ${change}`;
}

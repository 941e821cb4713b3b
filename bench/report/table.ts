import { Histogram } from '../statistics/histogram.ts';
import { failedOf, isGrouped } from '../suite/figures.ts';
import type { Headline, Point, RateLimit } from '../suite/result.ts';
import { printable } from '../targets/server-text.ts';

const COLUMNS = ['load', 'rows/s', 'ceiling', 'batch', 'p50 ms', 'p90 ms', 'p99 ms', 'failed', ''] as const;

const WIDTHS = [34, 10, 9, 7, 10, 10, 10, 8];

export const tableHead = (): string => row(COLUMNS);

/** One line of the terminal's table; a headline and what is wrong follow on lines of their own. */
export function tableRow(point: Point): string {
  const latency = Histogram.from(point.latency);
  const failed = failedOf(point);
  const lines = [
    row([
      point.label,
      point.rows.toFixed(1),
      point.ceiling === undefined ? '-' : `${((point.rows / point.ceiling) * 100).toFixed(0)} %`,
      point.batchSize === undefined ? '-' : point.batchSize.toFixed(1),
      ms(latency.quantile(0.5)),
      ms(latency.quantile(0.9)),
      ms(latency.quantile(0.99)),
      failed === 0 ? '-' : String(failed),
      point.stable ? '' : 'unstable',
    ]),
  ];
  if (point.headline !== undefined) lines.push(`  ${headlineText(point.headline)}`);
  if (point.reused !== undefined) lines.push(`  ${reusedText(point.reused)}`);
  for (const note of point.notes ?? []) lines.push(`  NOTE: ${note}`);
  for (const problem of point.invalid) lines.push(`  INVALID: ${problem}`);
  for (const [name, count] of Object.entries(point.failures)) {
    const message = printable(point.failureMessages?.[name] ?? '');
    lines.push(`  FAILED ${count} ${countedIn(point)}: ${name} ${message}`.trimEnd());
  }
  return lines.join('\n');
}

/** What a failure counts: several requests that count as one are a query. */
export const countedIn = ({ load }: Point): string => (isGrouped(load) ? 'queries' : 'requests');

export function headlineText({ name, value, unit, note, limit = 'server' }: Headline): string {
  const least = limit === 'server' ? '' : 'at least ';
  const figure = value === undefined ? 'no claim' : `${least}${value.toFixed(unit === 'ms' ? 3 : 1)} ${unit}`;
  const notes = [
    ...(value === undefined || limit === 'server' ? [] : [LIMITS[limit]]),
    ...(note ? [note] : []),
  ];
  return `${name}: ${figure}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}

const LIMITS: Readonly<Record<Exclude<RateLimit, 'server'>, string>> = {
  generator: 'the limit of the generator',
  search: 'no larger rate was tried',
};

/** What not to take for the speed of the model. */
export const reusedText = ({ coalesced, cached }: NonNullable<Point['reused']>): string =>
  `NOT COMPUTED: ${coalesced} answers shared the run of an identical request, ${cached} came from the response cache`;

const row = (cells: readonly string[]): string =>
  cells
    .map((cell, index) => (index === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[index] ?? 0)))
    .join(' ')
    .trimEnd();

const ms = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(2));

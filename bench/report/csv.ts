import { Histogram } from '../statistics/histogram.ts';
import type { Point, SuiteResult } from '../suite/result.ts';

/** perf_analyzer's columns of where the time of a request went; times are whole microseconds. */
const SERVER_COLUMNS = [
  'Network+Server Send/Recv',
  'Server Queue',
  'Server Compute Input',
  'Server Compute Infer',
  'Server Compute Output',
];

const QUANTILES = [0.5, 0.9, 0.95, 0.99];

/**
 * The points in the form of perf_analyzer's report, for tools that read it. As there, a table has one kind of load:
 * where a run has several, a blank line and another head part them. What this client does not measure apart is 0, and
 * the columns of the server are left out, as there, where it does not tell them. So are loads whose figures must not be
 * used: there is no column to say that in.
 */
export function toCsv({ points }: SuiteResult): string {
  const usable = points.filter(({ invalid }) => invalid.length === 0);
  const closed = usable.filter(({ load }) => load.kind === 'closed');
  const open = usable.filter(({ load }) => load.kind === 'open');
  return [table('Concurrency', closed), table('Request Rate', open)].filter((part) => part !== '').join('\n');
}

/** What to say beside the table of the loads that are not in it; empty where all are. */
export function leftOutText({ points }: SuiteResult): string {
  const labels = points.filter(({ invalid }) => invalid.length > 0).map(({ label }) => label);
  return labels.length === 0 ? '' : `not in the CSV, as they are invalid: ${labels.join('; ')}\n`;
}

function table(first: string, points: readonly Point[]): string {
  if (points.length === 0) return '';
  const told = points.some(({ stages }) => stages !== undefined);
  const quantiles = QUANTILES.map((quantile) => `p${quantile * 100} latency`);
  const columns = [first, 'Inferences/Second', 'Client Send', ...(told ? SERVER_COLUMNS : []), 'Client Recv'];
  const rows = points.map((point) => [loadOf(point), ...figures(point, told)].join(','));
  return `${[[...columns, ...quantiles].join(','), ...rows].join('\n')}\n`;
}

const loadOf = ({ load }: Point): number =>
  load.kind === 'closed' ? load.concurrency * (load.together ?? 1) : load.arrivals.rate;

function figures({ throughput, rows, latency, stages }: Point, told: boolean): (string | number)[] {
  const histogram = Histogram.from(latency);
  const micro = (milliseconds: number | undefined): number => Math.round((milliseconds ?? 0) * 1000);
  const network = (stages?.outside ?? 0) + (stages?.codec ?? 0) + (stages?.other ?? 0);
  const server = [network, stages?.queue, stages?.merge, stages?.compute, stages?.split];
  return [
    (throughput === 0 ? 0 : rows).toFixed(2),
    0,
    ...(told ? server.map(micro) : []),
    0,
    ...QUANTILES.map((quantile) => {
      const value = histogram.quantile(quantile);
      return Number.isNaN(value) ? '' : micro(value);
    }),
  ];
}

import { Histogram } from '../statistics/histogram.ts';
import type { Point, SuiteResult } from '../suite/result.ts';

/** perf_analyzer's columns after the first, which is the load; times in whole microseconds. */
const COLUMNS = [
  'Inferences/Second',
  'Client Send',
  'Network+Server Send/Recv',
  'Server Queue',
  'Server Compute Input',
  'Server Compute Infer',
  'Server Compute Output',
  'Client Recv',
  'p50 latency',
  'p90 latency',
  'p95 latency',
  'p99 latency',
];

/**
 * The points in the form of perf_analyzer's report, for tools that read it. As there, a table has one kind of load:
 * where a run has several, a blank line and another head part them. What this client does not measure apart is 0.
 */
export function toCsv({ points }: SuiteResult): string {
  const closed = points.filter(({ load }) => load.kind === 'closed');
  const open = points.filter(({ load }) => load.kind === 'open');
  return [table('Concurrency', closed), table('Request Rate', open)].filter((part) => part !== '').join('\n');
}

function table(first: string, points: readonly Point[]): string {
  if (points.length === 0) return '';
  const rows = points.map((point) => [loadOf(point), ...figures(point)].join(','));
  return `${[[first, ...COLUMNS].join(','), ...rows].join('\n')}\n`;
}

const loadOf = ({ load }: Point): number =>
  load.kind === 'closed' ? load.concurrency * (load.together ?? 1) : load.arrivals.rate;

function figures({ throughput, rows, latency, stages }: Point): (string | number)[] {
  const histogram = Histogram.from(latency);
  const micro = (milliseconds: number | undefined): number => Math.round((milliseconds ?? 0) * 1000);
  const network = (stages?.outside ?? 0) + (stages?.codec ?? 0) + (stages?.other ?? 0);
  return [
    (throughput === 0 ? 0 : rows).toFixed(2),
    0,
    micro(network),
    micro(stages?.queue),
    micro(stages?.merge),
    micro(stages?.compute),
    micro(stages?.split),
    0,
    ...[0.5, 0.9, 0.95, 0.99].map((quantile) => {
      const value = histogram.quantile(quantile);
      return Number.isNaN(value) ? '' : micro(value);
    }),
  ];
}

import { percent, points, table } from '../sim/table.ts';
import { burstBars, type LiveBar, leadText, lengthBars, peakBars, singleBars } from './bars.ts';
import { type BurstResult, leadOf } from './burst-case.ts';
import type { LengthResult } from './length-case.ts';
import type { PeakResult } from './peak-case.ts';
import type { SingleResult } from './single-case.ts';

/** What was measured; a case that was not run is left out. */
export interface LiveResults {
  /** The machine and how it was used. */
  readonly setting: string;
  readonly peak?: readonly PeakResult[];
  readonly bursts?: BurstResult;
  readonly single?: SingleResult;
  readonly lengths?: LengthResult;
}

/** By the name of its place in docs/scheduling.md. */
export function liveTables({ setting, peak, bursts, single, lengths }: LiveResults): Map<string, string> {
  const texts = new Map<string, string>();
  const put = (name: string, bars: readonly LiveBar[], ...figures: string[]): void => {
    texts.set(`live-${name}`, [barTable(bars), ...figures, setting].join('\n\n'));
  };
  if (peak !== undefined) put('peak', peak.flatMap(peakBars), peakTable(peak));
  if (bursts !== undefined) put('bursts', burstBars(bursts), burstSetting(bursts), burstTable(bursts));
  if (single !== undefined) put('single', singleBars(single), singleTable(single));
  if (lengths !== undefined) put('lengths', lengthBars(lengths), lengthTable(lengths));
  return texts;
}

export function barsOf({ peak = [], bursts, single, lengths }: LiveResults): LiveBar[] {
  return [
    ...peak.flatMap(peakBars),
    ...(bursts === undefined ? [] : burstBars(bursts)),
    ...(single === undefined ? [] : singleBars(single)),
    ...(lengths === undefined ? [] : lengthBars(lengths)),
  ];
}

const barTable = (bars: readonly LiveBar[]): string =>
  table(
    ['What', 'Goal', 'In this run', ''],
    bars.map(({ what, goal, reached, verdict }) => [what, goal, reached, verdict]),
  );

const ms = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(1));

const peakTable = (results: readonly PeakResult[]): string =>
  table(
    [
      'Answered by',
      'Offered',
      'Per second',
      'On time',
      'Of the peak',
      'Without the load',
      'Refused',
      'Given up',
      'Late, client',
      'Late, server',
      'p99 ms',
      'Refusal p50 ms',
      'Refusal p99 ms',
      'Sent late',
      'Cores: server, load, others',
    ],
    results.flatMap(({ name, rows }) =>
      rows.map(({ multiple, figures, ratio, ratioWithoutGenerator, cores }) => [
        name,
        multiple === 1 ? 'peak' : `${multiple}x`,
        figures.offered.toFixed(0),
        figures.goodput.toFixed(0),
        percent(ratio),
        percent(ratioWithoutGenerator),
        figures.refused.toFixed(0),
        figures.dropped.toFixed(0),
        percent(figures.lateAtClient, 2),
        percent(figures.lateAtServer, 2),
        ms(figures.p99),
        ms(figures.refusalP50),
        ms(figures.refusalP99),
        percent(figures.sentLate, 2),
        [cores.server, cores.generator, cores.others].map((each) => each.toFixed(2)).join(', '),
      ]),
    ),
  );

const burstSetting = ({ capacity, rowsPerRequest, deadline }: BurstResult): string =>
  `A load of 1 is ${capacity.toFixed(0)} requests of ${rowsPerRequest} rows a second, each due in ${deadline} ms.`;

function burstTable({ rows }: BurstResult): string {
  const names = [...(rows[0]?.figures.keys() ?? [])];
  return table(
    [
      'Arrivals',
      'Load',
      ...names,
      'Lead',
      'On time',
      'Refused',
      'Given up',
      'Answered by',
      'Sent late',
      'Others',
    ],
    rows.map((row) => {
      const [ours] = row.figures.values();
      const main = ours?.variants.filter(([, share]) => share >= 0.05) ?? [];
      return [
        row.name,
        String(row.load),
        ...names.map((name) => points(row.figures.get(name)?.effectiveAccuracy ?? 0)),
        leadText(leadOf(row)),
        ...[ours?.goodput, ours?.refused, ours?.dropped].map((rate) =>
          percent((rate ?? 0) / (ours?.offered ?? 1)),
        ),
        main.map(([variant, share]) => `${variant} ${(share * 100).toFixed(0)} %`).join(', '),
        percent(Math.max(...[...row.figures.values()].map(({ sentLate }) => sentLate)), 2),
        row.others.toFixed(2),
      ];
    }),
  );
}

const singleTable = ({ variant, variants, bare, scheduled }: SingleResult): string =>
  table(
    ['One request at a time', 'Median, us'],
    [
      [`${variant}, straight to its worker`, (bare * 1000).toFixed(0)],
      [`${variant}, through the scheduler of ${variants} variants`, (scheduled * 1000).toFixed(0)],
    ],
  );

const lengthTable = ({ rows }: LengthResult): string =>
  table(
    ['Batches', 'Per second', 'Padding', 'p50 ms', 'p99 ms', 'Others'],
    rows.map(({ policy, throughput, padding, p50, p99, others }) => [
      policy,
      throughput.toFixed(0),
      Number.isNaN(padding) ? '-' : percent(padding),
      ms(p50),
      ms(p99),
      others.toFixed(2),
    ]),
  );

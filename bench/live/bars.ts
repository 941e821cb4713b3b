import { QUIET } from '../bars/bar.ts';
import { percent, points, signed } from '../sim/table.ts';
import { LATE_SHARE } from '../suite/figures.ts';
import { BEST_ONLY, type BurstResult, FASTEST_ONLY, type Lead, leadOf } from './burst-case.ts';
import type { LengthResult } from './length-case.ts';
import type { MultipleRow, PeakResult } from './peak-case.ts';
import type { SingleResult } from './single-case.ts';

export interface LiveBar {
  readonly what: string;
  readonly goal: string;
  readonly reached: string;
  readonly verdict: string;
}

/** What stands in the way of a verdict. */
interface Doubts {
  /** Share of the requests that went more than a millisecond late, in the worst window. */
  readonly sentLate?: number;
  /** Cores that others kept busy, in the worst window. */
  readonly others?: number;
}

/** A run whose requests went late is invalid, whatever its figures are; one beside other work is open. */
export function verdictOf(holds: boolean, { sentLate = 0, others = 0 }: Doubts): string {
  if (sentLate > LATE_SHARE) return `invalid: ${percent(sentLate)} sent late`;
  if (others > QUIET) return `open: others used ${others.toFixed(1)} cores`;
  return holds ? 'holds' : 'missed';
}

const bar = (what: string, goal: string, reached: string, holds: boolean, doubts: Doubts = {}): LiveBar => ({
  what,
  goal,
  reached,
  verdict: verdictOf(holds, doubts),
});

const LEAST_GOODPUT = 0.95;
const MOST_LATE = 0.001;
const REFUSED_WITHIN = 5;

export function peakBars({ name, rows }: PeakResult): LiveBar[] {
  const beyond = rows.filter(({ multiple }) => multiple > 1);
  const most = (pick: (row: MultipleRow) => number): number => Math.max(...rows.map(pick));
  const doubts = {
    sentLate: most(({ figures }) => figures.sentLate),
    others: most(({ cores }) => cores.others),
  };
  const lowest = Math.min(...beyond.map(({ ratio }) => ratio));
  const refusal = Math.max(...beyond.map(({ figures }) => figures.refusalP99));
  const late = (where: string, share: number): LiveBar =>
    bar(
      `${name}: answers late by more than 5 % of their time, ${where}`,
      'at most 0.1 %',
      percent(share, 2),
      share <= MOST_LATE,
      doubts,
    );
  return [
    bar(
      `${name}: goodput at ${beyond.map(({ multiple }) => multiple).join(', ')} times the peak`,
      'at least 95 % of the peak',
      percent(lowest),
      lowest >= LEAST_GOODPUT,
      doubts,
    ),
    late(
      'at the client',
      most(({ figures }) => figures.lateAtClient),
    ),
    late(
      'at the server',
      most(({ figures }) => figures.lateAtServer),
    ),
    bar(
      `${name}: refusals, 99th percentile`,
      'below 5 ms',
      `${refusal.toFixed(1)} ms`,
      refusal < REFUSED_WITHIN,
      doubts,
    ),
  ];
}

/** A lead in points, and what it is known to. */
export const leadText = ({ lead, reach }: Lead): string =>
  Number.isFinite(reach) ? `${signed(lead)} ± ${points(reach)}` : signed(lead);

export function burstBars({ rows, best, fastest }: BurstResult): LiveBar[] {
  const doubts = {
    sentLate: Math.max(...rows.flatMap(({ figures }) => [...figures.values()].map((each) => each.sentLate))),
    others: Math.max(...rows.map(({ others }) => others)),
  };
  const leads = rows.map((row) => leadOf(row));
  const worst = leads.reduce((least, each) => (each.lead < least.lead ? each : least));
  const above = leads.filter(({ lead }) => lead > 0).length;
  const quarter = Math.min(
    ...rows.filter(({ load }) => load === 0.25).map((row) => leadOf(row, [BEST_ONLY, FASTEST_ONLY]).lead),
  );
  const spread = best - fastest;
  const goal = 'at least 3 points above';
  const what = 'at a quarter of the fastest variant, against the better single variant';
  const reached = `${signed(quarter)} points at least`;
  return [
    bar(
      'effective accuracy against the best rival, every burst case',
      'never more than 1 point below',
      `${leadText(worst)} points at worst`,
      worst.lead >= -0.01,
      doubts,
    ),
    bar(
      'burst cases in which it is above every rival',
      'most',
      `${above} of ${rows.length}`,
      above > rows.length / 2,
      doubts,
    ),
    spread < 0.03
      ? { what, goal, reached, verdict: `not possible: the variants are ${points(spread)} points apart` }
      : bar(what, goal, reached, quarter >= 0.03, doubts),
  ];
}

const MOST_ADDED = 0.05;

export function singleBars({ bare, scheduled, others }: SingleResult): LiveBar[] {
  const added = scheduled - bare;
  return [
    bar(
      'one request at a time, added at the median',
      'at most 50 us',
      `${(added * 1000).toFixed(0)} us`,
      added <= MOST_ADDED,
      { others },
    ),
  ];
}

export function lengthBars({ rows }: LengthResult): LiveBar[] {
  const [ours, blind] = rows;
  const doubts = { others: Math.max(...rows.map(({ others }) => others)) };
  const padding = ours?.padding ?? 1;
  const ratio = (ours?.throughput ?? 0) / (blind?.throughput ?? Number.NaN);
  return [
    bar('padding with lengths of 8 to 128', 'at most 15 %', percent(padding), padding <= 0.15, doubts),
    bar(
      'throughput with these lengths, against batches that are blind to them',
      'at least 1.5 times',
      `${ratio.toFixed(2)} times`,
      ratio >= 1.5,
      doubts,
    ),
  ];
}

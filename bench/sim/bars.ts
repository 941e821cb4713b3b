import { type AccuracyRow, bestRival } from './accuracy-case.ts';
import type { CostRow } from './cost-case.ts';
import type { LearningRow } from './learning-case.ts';
import type { LengthRow } from './length-case.ts';
import { type PlateauRow, plateauOf } from './plateau-case.ts';
import type { StallRow } from './stall-case.ts';
import { percent, points, signed } from './table.ts';

export interface Results {
  readonly accuracy: readonly AccuracyRow[];
  readonly plateau: readonly PlateauRow[];
  readonly lengths: readonly LengthRow[];
  readonly learning: readonly LearningRow[];
  readonly stalls: readonly StallRow[];
  readonly cost: readonly CostRow[];
}

export interface Bar {
  readonly what: string;
  readonly goal: string;
  readonly reached: string;
  readonly holds: boolean;
}

const leadOf = (row: AccuracyRow): number => (row.scores.get('Sluice') ?? 0) - bestRival(row).score;

/** What the scheduler is held to, and what it does in this run. */
export function barsOf({ accuracy, plateau, lengths, learning, cost }: Results): Bar[] {
  const bursts = accuracy.filter(({ process }) => process.kind !== 'poisson');
  const worst = Math.min(...bursts.map(leadOf));
  const above = bursts.filter((row) => leadOf(row) > 0).length;
  const quarter = Math.min(
    ...accuracy
      .filter(({ load }) => load === 0.25)
      .map(({ scores }) => {
        const single = Math.max(scores.get('best only') ?? 0, scores.get('fastest only') ?? 0);
        return (scores.get('Sluice') ?? 0) - single;
      }),
  );
  const lowest = Math.min(...plateau.filter(({ policy }) => policy === 'Sluice').map(plateauOf));
  const late = Math.max(
    ...accuracy.map(({ ours }) => ours.veryLate),
    ...plateau.filter(({ policy }) => policy === 'Sluice').map((row) => row.late),
  );
  const [ours, ...blind] = lengths;
  const padding = ours?.measures.padding ?? 1;
  const ratio = (ours?.measures.goodput ?? 0) / Math.max(...blind.map(({ measures }) => measures.goodput));
  const busiest = cost.at(-1);
  const coverage = learning.map((row) => row.coverage);
  return [
    bar(
      'goodput at 2, 5 and 10 times the peak',
      'at least 95 % of the peak',
      percent(lowest),
      lowest >= 0.95,
    ),
    bar('answers late by more than 5 % of their time', 'at most 0.1 %', percent(late, 3), late <= 0.001),
    bar(
      'effective accuracy against the best rival, every burst case',
      'never more than 1 point below',
      `${signed(worst)} points at worst`,
      worst >= -0.01,
    ),
    bar(
      'burst cases in which it is above every rival',
      'most',
      `${above} of ${bursts.length}`,
      above > bursts.length / 2,
    ),
    bar(
      'at a quarter of the fastest variant, against the better single variant',
      'at least 3 points above',
      `${points(quarter)} points at least`,
      quarter >= 0.03,
    ),
    bar('padding with lengths of 8 to 128', 'at most 15 %', percent(padding), padding <= 0.15),
    bar(
      'throughput with these lengths, against the best that is blind to them',
      'at least 1.5 times',
      `${ratio.toFixed(2)} times`,
      ratio >= 1.5,
    ),
    bar(
      `processor time of a request with ${busiest?.queued ?? 0} queued`,
      'at most 20 us',
      `${(busiest?.microseconds ?? Infinity).toFixed(0)} us`,
      (busiest?.microseconds ?? Infinity) <= 20,
    ),
    bar(
      'batches within their bound',
      '98 to 99.9 %',
      `${percent(Math.min(...coverage))} to ${percent(Math.max(...coverage))}`,
      Math.min(...coverage) >= 0.98 && Math.max(...coverage) <= 0.999,
    ),
  ];
}

const bar = (what: string, goal: string, reached: string, holds: boolean): Bar => ({
  what,
  goal,
  reached,
  holds,
});

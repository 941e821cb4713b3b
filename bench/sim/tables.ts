import { type AccuracyRow, bestRival } from './accuracy-case.ts';
import { barsOf, type Results } from './bars.ts';
import { PLATEAU_LOADS, plateauOf } from './plateau-case.ts';
import { percent, points, signed, table } from './table.ts';

/** The generated parts of docs/scheduling.md, by name. */
export function tablesOf(results: Results): ReadonlyMap<string, string> {
  return new Map([
    ['bars', bars(results)],
    ['accuracy', accuracy(results.accuracy)],
    ['goodput', goodput(results)],
    ['lengths', lengths(results)],
    ['learning', learning(results)],
    ['stalls', stalls(results)],
    ['cost', cost(results)],
  ]);
}

const bars = (results: Results): string =>
  table(
    ['What', 'Goal', 'In this run', ''],
    barsOf(results).map(({ what, goal, reached, holds }) => [
      what,
      goal,
      reached,
      holds ? 'holds' : 'missed',
    ]),
  );

function accuracy(rows: readonly AccuracyRow[]): string {
  const names = [...(rows[0]?.scores.keys() ?? [])];
  return table(
    ['Arrivals', 'Load', ...names, 'Bound', 'Lead'],
    rows.map((row) => [
      row.name,
      String(row.load),
      ...names.map((name) => points(row.scores.get(name) ?? 0)),
      points(row.bound),
      signed((row.scores.get('Sluice') ?? 0) - bestRival(row).score),
    ]),
  );
}

const goodput = ({ plateau }: Results): string =>
  table(
    ['Arrivals', 'Policy', ...PLATEAU_LOADS.map((load) => `${load}x`), 'Worst from 2x on', 'Late'],
    plateau.map((row) => [
      row.name,
      row.policy,
      ...[...row.goodput.values()].map((value) => value.toFixed(2)),
      percent(plateauOf(row)),
      percent(row.late),
    ]),
  );

const lengths = (results: Results): string =>
  table(
    ['Policy', 'On time per second', 'Padding', 'Rows in a batch', 'Late', 'Dropped'],
    results.lengths.map(({ policy, measures }) => [
      policy,
      measures.goodput.toFixed(0),
      percent(measures.padding),
      measures.meanBatch.toFixed(1),
      percent(measures.veryLate),
      percent(measures.dropped),
    ]),
  );

const learning = (results: Results): string =>
  table(
    ['Latencies', 'Within the bound', 'Late', 'On time', 'Bound / expected'],
    results.learning.map(({ name, coverage, veryLate, onTime, inflation }) => [
      name,
      percent(coverage),
      percent(veryLate, 3),
      percent(onTime),
      inflation.toFixed(2),
    ]),
  );

function stalls(results: Results): string {
  const names = [...(results.stalls[0]?.measures.keys() ?? [])];
  return table(
    ['Held up', 'Arrivals', 'Load', ...names, 'Late', 'Late, fixed window'],
    results.stalls.map(({ share, name, load, measures }) => [
      percent(share, 0),
      name,
      String(load),
      ...names.map((policy) => points(measures.get(policy)?.effectiveAccuracy ?? 0)),
      percent(measures.get('Sluice')?.veryLate ?? 0, 2),
      percent(measures.get('fixed window')?.veryLate ?? 0, 2),
    ]),
  );
}

const cost = (results: Results): string =>
  table(
    ['Queued', 'Microseconds per request'],
    results.cost.map(({ queued, microseconds }) => [String(queued), microseconds.toFixed(0)]),
  );

import type { AccuracyRow } from './accuracy-case.ts';
import { lineChart, type Series } from './line-chart.ts';
import type { PlateauRow } from './plateau-case.ts';

/** Those whose lines say something; the others are in the table. */
const DRAWN = ['Sluice', 'best only', 'fastest only', 'switch each second', 'CORK', 'early drop'];

/** Effective accuracy against offered load, a panel for each arrival process. */
export function accuracyPicture(rows: readonly AccuracyRow[]): string {
  const processes = [...new Set(rows.map(({ name }) => name))];
  return lineChart({
    xTicks: [0.1, 0.25, 0.5, 1, 2, 3],
    yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1],
    xLabel: 'offered load (1 = capacity of the fastest variant)',
    yLabel: 'effective accuracy',
    panels: processes.map((title) => {
      const own = rows.filter(({ name }) => name === title);
      const line = (name: string): Series => ({
        name,
        ours: name === 'Sluice',
        points: own.map(({ load, scores }) => ({ x: load, y: scores.get(name) ?? 0 })),
      });
      const bound = {
        name: 'clairvoyant bound',
        dashed: true,
        points: own.map(({ load, bound: y }) => ({ x: load, y })),
      };
      return { title, series: [...DRAWN.map(line), bound] };
    }),
  });
}

/** Goodput against offered load, a panel for each arrival process. */
export function plateauPicture(rows: readonly PlateauRow[]): string {
  const processes = [...new Set(rows.map(({ name }) => name))];
  return lineChart({
    xTicks: [0.5, 1, 2, 5, 10],
    yTicks: [0, 0.25, 0.5, 0.75, 1],
    xLabel: 'offered load (1 = capacity)',
    yLabel: 'goodput / capacity',
    panels: processes.map((title) => ({
      title,
      series: rows
        .filter(({ name }) => name === title)
        .map(({ policy, goodput }) => ({
          name: policy,
          ours: policy === 'Sluice',
          points: [...goodput].map(([x, y]) => ({ x, y })),
        })),
    })),
  });
}

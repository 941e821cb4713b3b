import { lineChart } from '../sim/line-chart.ts';
import type { BurstResult } from './burst-case.ts';
import { LOADS, OURS } from './burst-case.ts';
import { MULTIPLES, type PeakResult } from './peak-case.ts';

/** Goodput over the peak's, a panel for each case. */
export const peakPicture = (results: readonly PeakResult[]): string =>
  lineChart({
    xTicks: MULTIPLES,
    yTicks: [0, 0.25, 0.5, 0.75, 1, 1.25],
    xLabel: 'offered load (1 = the peak)',
    yLabel: 'goodput / peak',
    panels: results.map(({ name, rows }) => ({
      title: name,
      series: [
        { name: OURS, ours: true, points: rows.map(({ multiple: x, ratio: y }) => ({ x, y })) },
        { name: 'the bar', dashed: true, points: MULTIPLES.map((x) => ({ x, y: 0.95 })) },
      ],
    })),
  });

/** Effective accuracy against load, a panel for each arrival process. */
export function burstPicture({ rows }: BurstResult): string {
  const names = [...(rows[0]?.figures.keys() ?? [])];
  return lineChart({
    xTicks: LOADS,
    yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1],
    xLabel: 'offered load (1 = capacity of the fastest variant)',
    yLabel: 'effective accuracy',
    panels: [...new Set(rows.map(({ name }) => name))].map((title) => ({
      title,
      series: names.map((name) => ({
        name,
        ours: name === OURS,
        points: rows
          .filter((row) => row.name === title)
          .map(({ load, figures }) => ({ x: load, y: figures.get(name)?.effectiveAccuracy ?? 0 })),
      })),
    })),
  });
}

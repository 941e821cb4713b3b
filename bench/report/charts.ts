import type { Stages } from '../stages/stages.ts';
import { Histogram } from '../statistics/histogram.ts';
import type { Point } from '../suite/result.ts';
import { type Axis, lineChart, type Series, stackedBars, ticksFor } from './svg.ts';

const PARTS: readonly (keyof Stages)[] = ['outside', 'codec', 'other', 'queue', 'merge', 'compute', 'split'];

/** A curve through figures that must not be used would use them. */
const isUsable = ({ latency, invalid }: Point): boolean => latency.count > 0 && invalid.length === 0;

/**
 * Rows per second against latency, a line per quantile and scenario, in the order of the loads. Empty where no load has
 * figures that may be used.
 */
export function throughputLatencyChart(points: readonly Point[]): string {
  const shown = points.filter(isUsable);
  if (shown.length === 0) return '';
  const series = [0.5, 0.9, 0.99].map((quantile): Series => {
    const name = `p${quantile * 100}`;
    return {
      name,
      points: shown.map((point) => {
        const y = Histogram.from(point.latency).quantile(quantile);
        return {
          x: point.rows,
          y,
          group: point.scenario,
          label: `${point.label}: ${point.rows.toFixed(1)} rows/s, ${name} ${y.toFixed(2)} ms`,
        };
      }),
    };
  });
  const values = series.flatMap(({ points: list }) => list);
  const x: Axis = {
    title: 'rows per second',
    scale: 'linear',
    ticks: ticksFor(
      values.map((value) => value.x),
      'linear',
    ),
  };
  return lineChart(series, x, milliseconds(values.map((value) => value.y)));
}

/** Loads whose lines can be told apart. */
const MOST_LINES = 8;

/** Latency by quantile; the axis stretches the slow end, where a tail shows. Empty as above. */
export function percentileChart(points: readonly Point[]): string {
  const usable = points.filter(isUsable);
  if (usable.length === 0) return '';
  const shown = usable.slice(0, MOST_LINES);
  const left = usable.length - shown.length;
  const note = left === 0 ? '' : `\n<p>Not shown: the other ${left} loads.</p>`;
  const series = shown.map((point): Series => {
    const latency = Histogram.from(point.latency);
    const most = Math.max(2, latency.count);
    const steps = Math.ceil(Math.log10(most) * 8);
    return {
      name: point.label,
      points: Array.from({ length: steps + 1 }, (_, step) => {
        const rest = 10 ** (-step / 8);
        return { x: 1 / rest, y: latency.quantile(1 - rest), label: `${point.label}: p${percent(1 / rest)}` };
      }),
    };
  });
  const values = series.flatMap(({ points: list }) => list);
  const x: Axis = {
    title: 'percentile',
    scale: 'log',
    ticks: ticksFor(
      values.map((value) => value.x),
      'log',
    ),
    format: percent,
  };
  return lineChart(series, x, milliseconds(values.map((value) => value.y))) + note;
}

/** Where the time of a request went, a bar per load; empty where no server told. */
export function stageChart(points: readonly Point[]): string {
  const known = points.filter(({ stages }) => stages !== undefined);
  if (known.length === 0) return '';
  const bars = known.map(({ label, stages }) => ({
    name: label,
    values: PARTS.map((part) => stages?.[part] ?? 0),
  }));
  return stackedBars(PARTS, bars, 'ms');
}

const milliseconds = (values: readonly number[]): Axis => ({
  title: 'milliseconds',
  scale: 'log',
  ticks: ticksFor(values, 'log'),
});

/** 10 stands for the 90th percentile, 100 for the 99th. */
const percent = (times: number): string => String(Number(((1 - 1 / times) * 100).toPrecision(6)));

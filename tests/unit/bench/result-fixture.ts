import { Histogram } from '../../../bench/statistics/histogram.ts';
import { FORMAT, type Point, type SuiteResult, type WindowFigures } from '../../../bench/suite/result.ts';

export function histogramOf(values: readonly number[]) {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram.toData();
}

const windowOf = (rows: number, p50: number): WindowFigures => ({
  throughput: rows,
  rows,
  mean: p50,
  p50,
  p90: p50 * 2,
  p95: p50 * 2,
  p99: p50 * 3,
  failed: 0,
});

/** A point whose windows have these rows per second, and this median latency. */
export function pointOf(rows: readonly number[], p50 = 10, changes: Partial<Point> = {}): Point {
  return {
    scenario: 'concurrency',
    label: 'concurrency 8',
    load: { kind: 'closed', concurrency: 8, driver: 'own' },
    windows: rows.map((each, index) => windowOf(each, p50 + index * 0.01)),
    throughput: rows[0] ?? 0,
    rows: rows[0] ?? 0,
    latency: histogramOf([p50, p50 * 2, p50 * 3]),
    failures: {},
    models: {},
    stable: true,
    invalid: [],
    stages: { queue: 1, merge: 0.25, compute: 5, split: 0.5, codec: 0.2, other: 0.05, outside: 2 },
    cores: { generator: 0.1 },
    ...changes,
  };
}

export const resultOf = (...points: Point[]): SuiteResult => ({
  format: FORMAT,
  started: '2026-01-01T00:00:00.000Z',
  machine: {
    processor: 'A <fast> one',
    cores: 2,
    memoryBytes: 2 ** 33,
    system: 'Linux',
    node: '24',
    load: 0,
  },
  target: { protocol: 'rest-binary', address: 'http://127.0.0.1:1' },
  traffic: [{ model: 'm', weight: 1, rows: 1, lengths: { kind: 'fixed', length: 8 } }],
  seed: 1,
  points,
});

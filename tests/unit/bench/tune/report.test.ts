import { expect, test } from 'vitest';
import type { Configuration } from '../../../../bench/tune/configuration.ts';
import { figuresOf } from '../../../../bench/tune/figures.ts';
import { tuneChart, tuneTable, verdictText } from '../../../../bench/tune/report.ts';
import { FORMAT, figuresOfTuned, type TuneResult } from '../../../../bench/tune/result.ts';
import type { Tuned } from '../../../../bench/tune/tune.ts';
import { histogramOf } from '../result-fixture.ts';

const DEFAULTS: Configuration = {
  instances: 2,
  intraOpThreads: 1,
  maxBatchSize: 32,
  maxQueueDelayMicroseconds: 0,
};
const WINNER = { ...DEFAULTS, maxBatchSize: 16 };
const LOSER = { ...DEFAULTS, instances: 1 };

const load = (rows: number, tail: number) =>
  figuresOf(
    8,
    [{ seconds: 1, rows, cpu: 0.5, others: 0, failures: {}, latency: histogramOf([tail / 2, tail]) }],
    50,
  );

const racer = (configuration: Configuration, rows: number, tail: number) => ({
  configuration,
  kept: configuration === DEFAULTS,
  rounds: 2,
  loads: [load(rows, tail)],
  problem: '',
});

const RACERS = [racer(WINNER, 120, 30), racer(DEFAULTS, 100, 20), racer(LOSER, 90, 40)];

function resultOf(tuned: Omit<Tuned, 'racers'>): TuneResult {
  return {
    format: FORMAT,
    started: '2026-01-01T00:00:00.000Z',
    machine: { processor: 'p', cores: 2, memoryBytes: 1, system: 's', node: '24', load: 0 },
    model: 'intent',
    protocol: 'rest-binary',
    rowsPerRequest: 1,
    lengths: { kind: 'fixed', length: 16 },
    concurrencies: [8],
    bound: 50,
    budget: 60,
    took: 59,
    seed: 1,
    batching: 'on',
    defaults: DEFAULTS,
    ...figuresOfTuned({ ...tuned, racers: RACERS }, DEFAULTS),
  };
}

const duelOf = (low: number, others = 0) => ({
  against: DEFAULTS,
  rival: load(100, 20),
  winner: load(120, 30),
  gain: { ratio: 1.2, low, high: 1.3 },
  pairs: 12,
  others,
});

const GAIN = resultOf({ verdict: 'gain', winner: WINNER, duel: duelOf(1.1) });

test('the table marks the front and the defaults', () => {
  const lines = tuneTable(GAIN).split('\n');
  expect(lines[1]).toMatch(/batch 16 .* 120\.0 .* front$/);
  expect(lines[2]).toMatch(/batch 32 .* 100\.0 .* front, defaults$/);
  expect(lines[3]).toMatch(/^1 x 1 thread, .* 90\.0 .* 1\.0$/);
});

test('a gain is told with its interval, the keys, and the share that the defaults reach', () => {
  const text = verdictText(GAIN);
  expect(text).toContain('"maxBatchSize": 16: 120.0 rows/s');
  expect(text).toContain('+20.0 % (+10.0 % to +30.0 % at 95 % confidence, 12 pairs');
  expect(text).toContain('The defaults reach 83 % of it.');
  expect(text).not.toContain('Others used');
  expect(text).not.toContain('With a delay');
});

test('a gain by a delay says what it costs', () => {
  const winner = { ...WINNER, maxQueueDelayMicroseconds: 200 };
  const racers = [racer(winner, 120, 30), racer(DEFAULTS, 100, 20)];
  const tuned = { verdict: 'gain', winner, duel: duelOf(1.1), racers } as const;
  const text = verdictText({ ...GAIN, ...figuresOfTuned(tuned, DEFAULTS) });
  expect(text).toContain('With a delay the model is batched by size and delay alone');
});

test('what could be noise is called that', () => {
  const text = verdictText(resultOf({ verdict: 'unclear', winner: WINNER, duel: duelOf(0.9, 1) }));
  expect(text).toContain('-10.0 % to +30.0 %');
  expect(text).toContain('within the noise');
  expect(text).toContain('Stay with the defaults.');
  expect(text).toContain('Others used 1.00 cores meanwhile');
});

test('what model.json has now is named where the winner would replace that', () => {
  const duel = { ...duelOf(1.1), against: LOSER };
  const text = verdictText(resultOf({ verdict: 'gain', winner: WINNER, duel }));
  expect(text).toContain('what model.json has now 100.0 at 20.00 ms');
  expect(text).toContain('What model.json has now reaches 83 % of it.');
  expect(text).not.toContain('efaults');
});

test('defaults that win need no keys', () => {
  expect(verdictText(resultOf({ verdict: 'defaults', winner: DEFAULTS }))).toMatch(/^The defaults win/);
});

test('a bound that nothing keeps is told with the least latency there was', () => {
  const text = verdictText({ ...resultOf({ verdict: 'nothing' }), bound: 10 });
  expect(text).toContain('No configuration keeps --latency-ms 10: the least 99th percentile was 20.00 ms');
});

test('failures are told where they, and not the latencies, break the bound', () => {
  const text = verdictText(resultOf({ verdict: 'nothing' }));
  expect(text).toContain('the least 99th percentile was 20.00 ms, but more than 1 % failed');
  expect(text).not.toContain('Allow more');
});

test('the picture has every load, the bound, and stands alone', () => {
  const svg = tuneChart(GAIN);
  expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
  for (const { configuration } of RACERS) {
    expect(svg).toContain(`batch ${configuration.maxBatchSize}, 8 out: `);
  }
  expect(svg).toContain('bound 50 ms');
});

test('a failed request is a slow one', () => {
  const latency = histogramOf(Array.from({ length: 98 }, () => 1));
  const sample = { seconds: 1, rows: 98, cpu: 0.5, others: 0, latency };
  expect(figuresOf(8, [{ ...sample, failures: {} }], 50).within).toBe(true);
  expect(figuresOf(8, [{ ...sample, failures: { 'HTTP 429': 2 } }], 50).within).toBe(false);
});

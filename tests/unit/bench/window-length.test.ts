import { expect, test } from 'vitest';
import type { Window, WindowResult } from '../../../bench/load/messages.ts';
import { type Bench, measurePoint } from '../../../bench/suite/measure.ts';
import { histogramOf } from './result-fixture.ts';

/** Lanes that begin together, with answers that each take `service` milliseconds: whole ones in the window count. */
function laneBench(service: number, changes: Partial<WindowResult> = {}, mostWindows = 3) {
  const durations: number[] = [];
  const run = async ({ load, warmUp, duration }: Window): Promise<WindowResult> => {
    durations.push(duration);
    const lanes = load.kind === 'closed' ? load.concurrency : 0;
    const whole = Math.floor((warmUp + duration) / service) - Math.floor(warmUp / service);
    const answered = whole * lanes;
    const latency = histogramOf(Array.from({ length: answered }, () => service));
    const counts = { seconds: duration / 1000, answered, rows: answered, byModel: {}, generatorCpu: 0 };
    return { ...counts, failures: {}, latency, ...changes };
  };
  const bench: Bench = {
    counters: async () => undefined,
    ...{ generator: { run }, mostWindows, warmUp: 1000, window: 5000 },
    progress: { status: () => {}, point: () => {} },
  };
  return { bench, durations };
}

const measure = (bench: Bench, concurrency = 4) =>
  measurePoint(bench, {
    ...{ scenario: 'concurrency', label: 'one' },
    load: { kind: 'closed', concurrency, driver: 'own' },
  });

test.each([700, 2700, 6500, 8000])(
  'the throughput of answers that take %d ms is as the lanes have it, or the load is invalid',
  async (service) => {
    const { bench } = laneBench(service);
    const { throughput, invalid } = await measure(bench);
    const off = Math.abs((throughput * service) / 1000 / 4 - 1);
    expect(invalid.length === 0 ? off : 0).toBeLessThan(0.05);
    if (service <= 2700) expect(invalid).toEqual([]);
  },
);

test('windows that were too short do not count, and none is longer than a minute', async () => {
  const { bench, durations } = laneBench(2000);
  expect((await measure(bench)).windows).toHaveLength(3);
  expect(durations).toEqual([5000, 48_000, 48_000, 48_000]);
  const slow = laneBench(7000, {}, 1);
  const point = await measure(slow.bench);
  expect(slow.durations).toEqual([5000, 60_000]);
  expect(point.invalid).toEqual([
    expect.stringMatching(/^windows of 60000 ms are too short for answers of 7000 ms: .* 3\.73 .* not 4$/),
  ]);
  const quick = laneBench(100);
  await measure(quick.bench);
  expect(quick.durations).toEqual([5000, 5000, 5000]);
});

test('a load that only fails gets no longer window, and failures of those too short are told', async () => {
  const dead = laneBench(9000, { failures: { 'HTTP 503': 3 }, answered: 0, latency: histogramOf([]) });
  await measure(dead.bench);
  expect(dead.durations).toEqual([5000]);
  const failing = laneBench(2700, { failures: { 'HTTP 503': 1 } }, 1);
  expect((await measure(failing.bench)).failures).toEqual({ 'HTTP 503': 2 });
});

test('time that is in no latency is told with figures that may be used, but not where requests failed', async () => {
  const latency = histogramOf(Array.from({ length: 8000 }, () => 1));
  const { notes, invalid } = await measure(laneBench(1, { latency, answered: 8000 }).bench, 2);
  expect(invalid).toEqual([]);
  expect(notes).toEqual(['by throughput and latency 1.60 requests were out at once, not 2']);
  const refused = await measure(laneBench(1, { latency, failures: { 'HTTP 429': 9 } }).bench, 2);
  expect(refused).toMatchObject({ invalid: [] });
  expect(refused.notes).toBeUndefined();
});

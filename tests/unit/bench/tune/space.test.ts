import { expect, test } from 'vitest';
import { type Configuration, idOf, settingsFor } from '../../../../bench/tune/configuration.ts';
import { paretoFront } from '../../../../bench/tune/pareto.ts';
import { entrants, everyOf, promising, spaceFor } from '../../../../bench/tune/space.ts';

const DEFAULTS: Configuration = {
  instances: 2,
  intraOpThreads: 1,
  maxBatchSize: 32,
  maxQueueDelayMicroseconds: 0,
};

const TWO = { defaults: DEFAULTS, cores: 2, batched: true, rowsOut: 32, bound: 100 };

test.each([1, 2, 3, 6, 64])('no configuration of %i cores takes more than them', (cores) => {
  const all = everyOf(spaceFor({ ...TWO, cores }));
  expect(all.filter(({ instances, intraOpThreads }) => instances * intraOpThreads > cores)).toEqual([]);
  expect(all.some(({ instances }) => instances === Math.min(cores, 16))).toBe(true);
});

test('batches are no larger than what can be out at once, delays no longer than half the bound', () => {
  const { batchSizes, delays } = spaceFor({ ...TWO, rowsOut: 9, bound: 2 });
  expect(batchSizes).toEqual([0, 4, 8, 16]);
  expect(delays).toEqual([0, 200, 1000]);
});

test('a model that is not batched has neither batch sizes nor delays to try', () => {
  const all = everyOf(spaceFor({ ...TWO, batched: false, defaults: { ...DEFAULTS, maxBatchSize: 0 } }));
  expect(all.map(idOf).sort()).toEqual(['1/1/0/0', '1/2/0/0', '2/1/0/0']);
});

test('the defaults enter first, then what differs from them in one thing, then the rest, each once', () => {
  const space = spaceFor(TWO);
  const order = entrants(space, 7);
  const changed = ({ instances, intraOpThreads, maxBatchSize, maxQueueDelayMicroseconds }: Configuration) =>
    Number(instances !== 2 || intraOpThreads !== 1) +
    Number(maxBatchSize !== 32) +
    Number(maxQueueDelayMicroseconds !== 0);
  expect(order[0]).toEqual(DEFAULTS);
  const changes = order.map(changed);
  const firstCombined = changes.findIndex((count) => count > 1);
  expect(changes.slice(1, firstCombined).every((count) => count === 1)).toBe(true);
  expect(changes.slice(firstCombined).every((count) => count > 1)).toBe(true);
  expect(order.map(idOf).toSorted()).toEqual(everyOf(space).map(idOf).toSorted());
  expect(entrants(space, 7)).toEqual(order);
});

test('what single changes were worth is multiplied, and only what promises more than the best is tried', () => {
  const measured = [
    { configuration: DEFAULTS, score: 100 },
    { configuration: { ...DEFAULTS, maxBatchSize: 16 }, score: 120 },
    { configuration: { ...DEFAULTS, maxQueueDelayMicroseconds: 200 }, score: 110 },
    { configuration: { ...DEFAULTS, instances: 1, intraOpThreads: 2 }, score: 50 },
  ];
  const both = { ...DEFAULTS, maxBatchSize: 16, maxQueueDelayMicroseconds: 200 };
  expect(promising(spaceFor(TWO), measured, 5)).toEqual([both]);
  expect(promising(spaceFor(TWO), [...measured, { configuration: both, score: 90 }], 5)).toEqual([]);
});

test('only keys that differ from the defaults are named, and the threads wherever the instances are', () => {
  expect(settingsFor(DEFAULTS, DEFAULTS)).toEqual({});
  expect(settingsFor({ ...DEFAULTS, maxBatchSize: 8 }, DEFAULTS)).toEqual({ maxBatchSize: 8 });
  expect(settingsFor({ ...DEFAULTS, instances: 1 }, DEFAULTS)).toEqual({ instances: 1, intraOpThreads: 1 });
});

test('the front holds what nothing beats in throughput without being slower, by throughput', () => {
  const point = (rows: number, p99: number) => ({ rows, p99 });
  const front = [point(100, 5), point(200, 10), point(300, 40)];
  const beaten = [point(90, 6), point(200, 12), point(150, 10), point(299, 41)];
  expect(paretoFront([...beaten, ...front].toReversed())).toEqual(front);
  expect(paretoFront([point(1, 1), point(1, 1)])).toEqual([point(1, 1)]);
  expect(paretoFront([])).toEqual([]);
});

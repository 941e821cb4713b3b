import { expect, test } from 'vitest';
import { ServiceRecord } from '../../../src/scheduling/gauges.ts';
import { entryOf, laneOf, THREE } from './entries.ts';

const lanes = THREE.map((shape, index) => laneOf(index, shape));
const [best, , fast] = lanes;

test('a node that refuses is full, whatever its demand', () => {
  const record = new ServiceRecord();
  if (best === undefined) throw new Error('there is no lane');
  record.answered([entryOf()], best, lanes, 0);
  expect(record.gauges(0.4, 1).saturation).toBe(0.4);
  expect(record.gauges(1.2, 1).saturation).toBe(1);
  record.refused(2);
  expect(record.gauges(0.4, 3).saturation).toBe(1);
  expect(record.gauges(1.2, 3).saturation).toBe(1.2);
});

test('debt is the share of the answers that a better variant could have given', () => {
  const record = new ServiceRecord();
  if (best === undefined || fast === undefined) throw new Error('there is no lane');
  expect(record.gauges(0, 0).accuracyDebt).toBe(0);
  record.answered([entryOf(), entryOf(), entryOf({ allowed: 1 << fast.index })], fast, lanes, 0);
  record.answered([entryOf()], best, lanes, 0);
  expect(record.gauges(0, 0).accuracyDebt).toBe(0.5);
});

test('a silence after an overload leaves nothing of it', () => {
  const record = new ServiceRecord();
  if (fast === undefined) throw new Error('there is no lane');
  for (let now = 0; now < 1000; now++) {
    record.answered([entryOf()], fast, lanes, now);
    for (let count = 0; count < 3; count++) record.refused(now);
  }
  expect(record.gauges(1, 1000)).toMatchObject({ saturation: 1, accuracyDebt: 1 });
  expect(record.gauges(0.3, 12_000)).toMatchObject({ saturation: 0.3, accuracyDebt: 0 });
});

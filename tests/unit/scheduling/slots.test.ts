import { expect, test } from 'vitest';
import { Slots } from '../../../src/scheduling/slots.ts';
import { laneOf } from './entries.ts';

const lane = laneOf(0);
const runs = { expected: 8, bound: 10 };

test('as many batches may start as there are slots, less those that run', () => {
  const slots = new Slots(() => 2);
  expect(slots.free).toBe(2);
  const first = slots.start(0, lane, runs);
  expect(slots.free).toBe(1);
  expect(slots.ending()).toBeUndefined();
  slots.end(first, 8);
  expect(slots.free).toBe(2);
});

test('where there are fewer slots than before, none is free until enough have ended', () => {
  let count = 2;
  const slots = new Slots(() => count);
  const [first, second] = [slots.start(0, lane, runs), slots.start(1, lane, runs)];
  count = 1;
  expect(slots.free).toBe(0);
  expect(slots.ending()).toEqual({ lane, at: 8 });
  slots.end(first, 8);
  expect(slots.free).toBe(0);
  slots.end(second, 9);
  expect(slots.free).toBe(1);
});

test('what starts while no slot is free follows the batch of its lane that ends first', () => {
  const slots = new Slots(() => 1);
  const first = slots.start(0, lane, runs);
  const second = slots.start(2, lane, runs);
  expect(second).toMatchObject({ ahead: true, startsAt: 8, busy: 1 });
  slots.end(first, 7);
  expect(second.startsAt).toBe(7);
  expect(slots.busy).toBe(1);
});

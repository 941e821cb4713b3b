import { expect, test } from 'vitest';
import { NodeSlots } from '../../../src/batching/node-slots.ts';

/** The slots of so many cores, and an event loop that is busy for a share of the time that passes. */
function setUp(cores: number) {
  let [now, idle] = [0, 0];
  const slots = new NodeSlots(
    cores,
    () => now,
    () => idle,
  );
  const pass = (milliseconds: number, busy: number, computing = 0): number => {
    for (let left = milliseconds; left > 0; left -= 10) {
      now += 10;
      idle += 10 * (1 - busy);
      slots.ran(10 * computing);
      void slots.count;
    }
    return slots.count;
  };
  return { slots, pass };
}

test('every core has a slot while the event loop has little to do', () => {
  const { slots, pass } = setUp(4);
  expect(slots.count).toBe(4);
  expect(pass(2000, 0.5)).toBe(4);
});

test('an event loop that fills a core has it, until it has less to do', () => {
  const { pass } = setUp(4);
  expect(pass(2000, 0.9)).toBe(3);
  expect(pass(2000, 0.4)).toBe(4);
});

test('computing has all cores where it needs them', () => {
  const { pass } = setUp(4);
  expect(pass(3000, 0.9, 3)).toBe(4);
  expect(pass(3000, 0.9, 2)).toBe(3);
  expect(pass(3000, 0.9, 2.65)).toBe(3);
  expect(pass(3000, 0.9, 2.9)).toBe(4);
});

test('a busy moment changes nothing', () => {
  const { pass } = setUp(2);
  expect(pass(50, 1)).toBe(2);
});

test('one slot is always left', () => {
  expect(setUp(1).pass(2000, 1)).toBe(1);
  expect(setUp(0).pass(2000, 1)).toBe(1);
});

test('a long time without a question counts as what it was', () => {
  const { slots, pass } = setUp(2);
  pass(2000, 1);
  expect(pass(10, 0)).toBe(1);
  expect(pass(500, 0)).toBe(2);
  expect(slots.count).toBe(2);
});

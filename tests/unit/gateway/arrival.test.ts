import { expect, test } from 'vitest';
import { Arrivals } from '../../../src/gateway/arrival.ts';

function setUp() {
  const loop = { idle: 0, end: () => {} };
  const arrivals = new Arrivals(
    () => loop.idle,
    (callback) => {
      loop.end = callback;
    },
  );
  return { loop, arrivals };
}

test('a request that woke the event loop arrived when it is read', () => {
  const { arrivals } = setUp();
  expect(arrivals.at(100)).toBe(100);
});

test('requests of one turn had all arrived when it began', () => {
  const { arrivals } = setUp();
  arrivals.at(100);
  expect(arrivals.at(130)).toBe(100);
});

test('in a loop that was never idle they arrived half a turn before, on average', () => {
  const { loop, arrivals } = setUp();
  arrivals.at(100);
  loop.end();
  expect(arrivals.at(160)).toBe(130);
});

test('an idle moment between two turns means that nothing had waited', () => {
  const { loop, arrivals } = setUp();
  arrivals.at(100);
  loop.end();
  loop.idle += 5;
  expect(arrivals.at(160)).toBe(160);
});

import { expect, test } from 'vitest';
import { Random } from '../../../bench/sim/random.ts';
import { LatenessMargin } from '../../../src/scheduling/lateness-margin.ts';

test('without anything late the deadline itself is planned for', () => {
  const margin = new LatenessMargin();
  for (let batch = 0; batch < 100; batch++) margin.observe(false);
  expect(margin.due(1100, 1000)).toBe(1100);
});

test('follows what runs overshoot by, until hardly any of them is late', () => {
  const random = new Random(5);
  const margin = new LatenessMargin();
  let late = 0;
  for (let batch = 0; batch < 40_000; batch++) {
    // Everything is planned to the last moment; one run in fifty is held up by up to 15 ms.
    const end = margin.due(100, 0) + (random.next() < 0.02 ? 15 * random.next() : 0);
    margin.observe(end > 100);
    if (batch >= 20_000 && end > 100) late += 1;
  }
  expect(late / 20_000).toBeLessThan(0.001);
  expect(margin.due(100, 0)).toBeGreaterThan(80);
  expect(margin.due(100, 0)).toBeLessThan(92);
});

test('is forgotten when it is not needed any more, and never takes more than a quarter', () => {
  const margin = new LatenessMargin();
  for (let batch = 0; batch < 100; batch++) margin.observe(true);
  expect(margin.due(100, 0)).toBe(75);
  for (let batch = 0; batch < 100_000; batch++) margin.observe(false);
  expect(margin.due(100, 0)).toBe(100);
});

test('a deadline that has passed stays where it is', () => {
  const margin = new LatenessMargin();
  margin.observe(true);
  expect(margin.due(90, 100)).toBe(90);
});

import { describe, expect, test } from 'vitest';
import { Random } from '../../../bench/sim/random.ts';
import { RatioQuantile } from '../../../src/scheduling/ratio-quantile.ts';

/** Runs around what is expected, some of them held up by 20 ms on average, of 10. */
function measured(spread: number, heldUp: number): RatioQuantile {
  const random = new Random(3);
  const ratios = new RatioQuantile(1.15);
  for (let run = 0; run < 4000; run++) {
    const held = random.next() < heldUp ? -2 * Math.log(1 - random.next()) : 0;
    ratios.add(Math.exp(spread * random.normal()) + held);
  }
  return ratios;
}

test('begins with what it is told', () => {
  for (const guess of [1.05, 1.15, 1.6, 3])
    expect(new RatioQuantile(guess).quantile(0.99)).toBeCloseTo(guess, 1);
});

const normal = (spread: number): number => Math.exp(2.33 * spread);

test.each([0.02, 0.08, 0.25])('of runs that spread by %s is that of a normal distribution', (spread) => {
  expect(measured(spread, 0).quantile(0.99) / normal(spread)).toBeCloseTo(1, 1);
});

describe.each([0.02, 0.08])('of runs that spread by %s', (spread) => {
  test.each([0.01, 0.1])('hardly sees that a share of %s is held up', (heldUp) => {
    expect(measured(spread, heldUp).quantile(0.99) / normal(spread)).toBeLessThan(1.5);
  });
});

test('where a third of them takes twice as long that is what runs take', () => {
  const ratios = new RatioQuantile(1.15);
  for (let run = 0; run < 900; run++) ratios.add(run % 3 === 0 ? 2 : 1);
  expect(ratios.quantile(0.99)).toBeCloseTo(2, 1);
});

test('where one run after the other takes twice as long it is soon what runs take', () => {
  const ratios = measured(0.03, 0);
  for (let run = 0; run < 8; run++) {
    ratios.quantile(0.99);
    ratios.add(2);
  }
  expect(ratios.quantile(0.99)).toBeCloseTo(2, 1);
});

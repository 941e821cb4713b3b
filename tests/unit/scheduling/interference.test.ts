import { describe, expect, test } from 'vitest';
import { Random } from '../../../bench/sim/random.ts';
import { CostModel } from '../../../src/scheduling/cost-model.ts';
import { Interference } from '../../../src/scheduling/interference.ts';
import { entryOf, laneOf, schedulerOf } from './entries.ts';

const ROWS = [1, 2, 4, 8, 16];

test.each([0.1, 0.25, 0.4])(
  'latencies that spread by %s, however long, are neither taken for interference nor for less than their mean',
  (spread) => {
    const random = new Random(5);
    const interference = new Interference();
    const cost = new CostModel(interference);
    const law = (rows: number, length: number) => 2 + 0.08 * rows * length + 0.0001 * rows * length * length;
    for (const length of [16, 64, 128])
      cost.sweep(ROWS.map((rows) => ({ rows, length, latency: law(rows, length) })));
    for (let i = 0; i < 20_000; i++) {
      const [rows, length] = [1 + (i % 12), 8 + 8 * (i % 7)];
      const noise = Math.exp(spread * random.normal() - spread ** 2 / 2);
      cost.observe({ rows, length, latency: law(rows, length) * noise });
    }
    expect(interference.factor(1)).toBeLessThan(1.4);
    for (const [rows, length] of [
      [1, 16],
      [8, 32],
      [16, 128],
    ] as const)
      expect(Math.abs(cost.predict(rows, length) / law(rows, length) - 1)).toBeLessThan(0.2);
  },
);

test.each([0.5, 1, 3])(
  'what busy slots do to each other is learned apart from the cost alone, where the sweep took %s times what batches take',
  (times) => {
    const interference = new Interference();
    const cost = new CostModel(interference);
    cost.sweep(ROWS.map((rows) => ({ rows, length: 1, latency: times * (4 + rows) })));
    for (let i = 0; i < 4000; i++) {
      const rows = ROWS[i % ROWS.length] ?? 1;
      const busy = 1 + (i % 2);
      cost.observe({ rows, length: 1, latency: (4 + rows) * (busy === 2 ? 1.6 : 1) }, busy);
    }
    expect(interference.effectiveSlots(2)).toBeCloseTo(1.25, 1);
    for (const busy of [1, 2]) expect(cost.predict(8, 1, busy) / (busy === 2 ? 19.2 : 12)).toBeCloseTo(1, 1);
  },
);

test('a bad moment of several slots is forgotten while batches run alone', () => {
  const interference = new Interference();
  for (let i = 0; i < 100; i++) interference.observe(2, 4);
  expect(interference.factor(2)).toBeGreaterThan(3.5);
  for (let i = 0; i < 3000; i++) interference.observe(1, 1);
  expect(interference.factor(2)).toBeLessThan(1.3);
});

test('what a batch alone met is forgotten where many run together and meet nothing', () => {
  const interference = new Interference();
  for (let i = 0; i < 100; i++) interference.observe(1, 3);
  for (let i = 0; i < 4000; i++) interference.observe(2, 1);
  expect(interference.factor(2)).toBeLessThan(1.1);
});

test('the factors are 1 at least and 8 at most', () => {
  const interference = new Interference();
  for (let i = 0; i < 200; i++) interference.observe(1, 0.2);
  expect(interference.factor(1)).toBe(1);
  for (let i = 0; i < 200; i++) interference.observe(2, 50);
  expect(interference.factor(2)).toBe(8);
});

test('a batch that computed for no time says nothing', () => {
  const interference = new Interference();
  const cost = new CostModel(interference);
  cost.sweep([{ rows: 1, length: 1, latency: 1 }]);
  for (const busy of [1, 2]) cost.observe({ rows: 1, length: 1, latency: 1 }, busy);
  for (let i = 0; i < 100; i++) cost.observe({ rows: 1, length: 1, latency: 1, computed: 0 });
  expect(interference.factor(2)).toBe(1);
});

describe('of a batch that has ended', () => {
  const serve = (batches: number, { computeInput = 0, slowness = 1, apart = false }) => {
    const interference = new Interference();
    const cost = new CostModel(interference);
    cost.sweep(ROWS.map((rows) => ({ rows, length: 1, latency: 4 + rows })));
    for (let i = 0; i < 100; i++) cost.observe({ rows: 1, length: 1, latency: 5 * slowness });
    const scheduler = schedulerOf([{}], { lanes: [{ ...laneOf(0), cost }], interference });
    for (let now = 0; now < 40 * batches; now += 40) {
      scheduler.offer(entryOf({ deadline: now + 1000 }), now);
      const decision = scheduler.next(now);
      if (decision.kind !== 'dispatch') throw new Error(`unexpected: ${decision.kind}`);
      const running = scheduler.started(decision, now);
      const journey = { computeInput, computeInfer: 5, computeOutput: 0 };
      scheduler.ended(decision, running, now + computeInput + 5);
      scheduler.learn(decision, running, now + computeInput + 5, journey, apart);
      for (const entry of decision.entries) scheduler.settled(entry);
    }
    return { interference, cost };
  };

  test('the way to its worker is no interference', () => {
    const { interference, cost } = serve(400, { computeInput: 10 });
    expect(interference.factor(1)).toBeCloseTo(1, 6);
    expect(cost.predict(1, 1)).toBeGreaterThan(14);
  });

  test('where it ran apart, interference that was learned before fades', () => {
    expect(serve(0, { slowness: 3 }).interference.factor(1)).toBeGreaterThan(2);
    expect(serve(1000, { slowness: 3, apart: true }).interference.factor(1)).toBeLessThan(1.1);
  });
});

test('round trips before the first batch are a part of the cost, and do not hide interference', () => {
  const interference = new Interference();
  const cost = new CostModel(interference);
  const sizes = [1, 1, 1, 4, 4].map((rows) => ({ rows, length: 1 }));
  cost.sweep([1, 2, 4].map((rows) => ({ rows, length: 1, latency: 0.1 })));
  cost.roundTrips(sizes.map((size) => ({ ...size, latency: 0.6 })));
  for (let i = 0; i < 200; i++) cost.observe({ rows: 1, length: 1, latency: 0.7, computed: 0.2 });
  expect(interference.factor(1)).toBeCloseTo(2, 1);
  expect(cost.predict(1, 1)).toBeGreaterThan(0.6);
});

test('what slows the batches of one variant is expected of those of another, and the slots do not count for fewer', () => {
  const interference = new Interference();
  const [asked, idle] = [new CostModel(interference), new CostModel(interference)];
  for (const cost of [asked, idle]) cost.sweep(ROWS.map((rows) => ({ rows, length: 1, latency: 4 + rows })));
  for (let i = 0; i < 30; i++) {
    const rows = ROWS[i % ROWS.length] ?? 1;
    asked.observe({ rows, length: 1, latency: 2 * (4 + rows) });
  }
  expect(idle.predict(8, 1)).toBeGreaterThan(12 * 1.1);
  expect(asked.predict(8, 1)).toBeCloseTo(24, -1);
  expect(interference.effectiveSlots(1)).toBe(1);
  expect(interference.effectiveSlots(2)).toBe(2);
});

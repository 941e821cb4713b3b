import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../bench/sim/random.ts';
import { CostModel, disagreement, type Measurement } from '../../../src/scheduling/cost-model.ts';
import { Interference } from '../../../src/scheduling/interference.ts';
import { entryOf, laneOf, schedulerOf } from './entries.ts';

type Law = (rows: number, length: number) => number;

const ROWS = [1, 2, 4, 8, 16];
const LENGTHS = [16, 64, 128];

const measured = (law: Law): Measurement[] =>
  LENGTHS.flatMap((length) => ROWS.map((rows) => ({ rows, length, latency: law(rows, length) })));

describe('the latency fit', () => {
  test('finds any law of its form, also outside the sizes it has seen', () => {
    const coefficient = fc.constantFrom(0, 0.001, 0.01, 0.2);
    fc.assert(
      fc.property(fc.constantFrom(0, 0.5, 9), coefficient, coefficient, (alpha, beta, gamma) => {
        fc.pre(alpha + beta + gamma > 0);
        const law: Law = (rows, length) => alpha + rows * length * (beta + gamma * length);
        const cost = new CostModel();
        cost.sweep(measured(law));
        for (const rows of [3, 32]) {
          for (const length of [24, 200]) {
            expect(cost.predict(rows, length)).toBeCloseTo(law(rows, length), 3);
          }
        }
      }),
    );
  });

  test('never predicts less for more, whatever it was shown', () => {
    const shown = fc.array(
      fc.record({
        rows: fc.integer({ min: 1, max: 32 }),
        length: fc.integer({ min: 1, max: 256 }),
        latency: fc.double({ min: 0.01, max: 1000, noNaN: true }),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(shown, (measurements) => {
        const cost = new CostModel();
        cost.sweep(measurements);
        const [alpha, beta, gamma] = cost.coefficients;
        expect(Math.min(alpha, beta, gamma)).toBeGreaterThanOrEqual(0);
        expect(cost.predict(1, 1)).toBeGreaterThan(0);
      }),
    );
  });

  test('takes one row that was only ever run alone for a cost per row', () => {
    const cost = new CostModel();
    cost.sweep([{ rows: 1, length: 1, latency: 5 }]);
    expect(cost.predict(4, 1)).toBeCloseTo(20, 6);
  });

  test('follows a machine that has become half as fast', () => {
    const cost = new CostModel();
    const law: Law = (rows) => 4 + rows;
    cost.sweep(ROWS.map((rows) => ({ rows, length: 1, latency: law(rows, 1) })));
    for (let i = 0; i < 600; i++) {
      const rows = ROWS[i % ROWS.length] ?? 1;
      cost.observe({ rows, length: 1, latency: 2 * law(rows, 1) });
    }
    for (const rows of ROWS) expect(cost.predict(rows, 1) / (2 * law(rows, 1))).toBeCloseTo(1, 1);
  });

  test('ignores measurements that are none', () => {
    const cost = new CostModel();
    cost.sweep([{ rows: 1, length: 1, latency: 5 }]);
    for (const latency of [0, -1, Number.NaN]) cost.observe({ rows: 1, length: 1, latency });
    expect(cost.observations).toBe(0);
    expect(cost.predict(1, 1)).toBeCloseTo(5, 6);
  });
});

test('a size that costs something else than the fit says is learned by itself', () => {
  const cost = new CostModel();
  const law: Law = (rows) => (rows === 5 ? 30 : 4 + rows);
  for (let i = 0; i < 400; i++) {
    const rows = 1 + (i % 8);
    cost.observe({ rows, length: 1, latency: law(rows, 1) });
  }
  expect(cost.predict(5, 1) / 30).toBeCloseTo(1, 1);
  expect(cost.predict(4, 1) / 8).toBeGreaterThan(0.8);
  expect(cost.predict(4, 1) / 8).toBeLessThan(1.2);
});

describe('a size that was measured in a bad moment', () => {
  const law: Law = (rows) => 4 + rows;
  const measuredBadly = (): CostModel => {
    const cost = new CostModel();
    cost.sweep(ROWS.map((rows) => ({ rows, length: 1, latency: law(rows, 1) })));
    for (let i = 0; i < 200; i++) {
      const rows = 1 + (i % 8);
      cost.observe({ rows, length: 1, latency: law(rows, 1) * (rows === 8 ? 1.8 : 1) });
    }
    return cost;
  };

  test('is believed to be as the fit says again when others have run', () => {
    const cost = measuredBadly();
    expect(cost.predict(8, 1) / law(8, 1)).toBeGreaterThan(1.4);
    for (let i = 0; i < 1000; i++) cost.observe({ rows: 4, length: 1, latency: law(4, 1) });
    expect(cost.predict(8, 1) / law(8, 1)).toBeLessThan(1.15);
  });

  test('is so too when other variants have run', () => {
    const cost = measuredBadly();
    const others = cost.predict(4, 1) / law(4, 1);
    for (let i = 0; i < 1000; i++) cost.ranElsewhere();
    expect(cost.predict(8, 1) / law(8, 1)).toBeLessThan(others * 1.1);
  });
});

test('corrections of many sizes in turn are all kept', () => {
  const cost = new CostModel();
  const law: Law = (rows, length) => (4 + 0.1 * rows * length) * (rows % 3 === 0 ? 1.7 : 1);
  for (let i = 0; i < 5000; i++) {
    const [rows, length] = [1 + (i % 16), 8 * (1 + (Math.floor(i / 16) % 8))];
    cost.observe({ rows, length, latency: law(rows, length) });
  }
  for (const rows of [3, 9, 15]) expect(cost.predict(rows, 32) / law(rows, 32)).toBeCloseTo(1, 1);
});

describe('the bound', () => {
  test.each([0.02, 0.1, 0.25])('covers 98 to 100 percent of runs that spread by %s', (spread) => {
    const random = new Random(11);
    const cost = new CostModel();
    cost.sweep(ROWS.map((rows) => ({ rows, length: 1, latency: 4 + rows })));
    let covered = 0;
    for (let i = 0; i < 4000; i++) {
      const rows = ROWS[i % ROWS.length] ?? 1;
      const latency = (4 + rows) * Math.exp(spread * random.normal());
      if (i >= 1000 && latency <= cost.bound(rows, 1)) covered += 1;
      cost.observe({ rows, length: 1, latency });
    }
    expect(covered / 3000).toBeGreaterThan(0.98);
    expect(cost.covered / cost.observations).toBeGreaterThan(0.97);
    expect(cost.times.measured / cost.times.expected).toBeCloseTo(1, 1);
  });

  test('stays between one and three times what is expected', () => {
    const cost = new CostModel();
    cost.sweep([{ rows: 1, length: 1, latency: 1 }]);
    for (let i = 0; i < 50; i++) cost.observe({ rows: 1, length: 1, latency: i % 2 === 0 ? 1 : 50 });
    expect(cost.inflation).toBe(3);
    for (let i = 0; i < 5000; i++) cost.observe({ rows: 1, length: 1, latency: 1 });
    expect(cost.inflation).toBeGreaterThanOrEqual(1);
    expect(cost.inflation).toBeLessThan(1.05);
  });
});

describe('a profile', () => {
  test('helps a model that has measured nothing', () => {
    const before = new CostModel();
    before.sweep(measured((rows, length) => 3 + 0.01 * rows * length));
    const after = new CostModel();
    after.import(before.export());
    expect(after.predict(8, 64)).toBeCloseTo(before.predict(8, 64), 3);
  });

  test('of another machine gives way to the warm-up sweep', () => {
    const law: Law = (rows, length) => 3 + 0.01 * rows * length;
    const after = new CostModel();
    after.import({ coefficients: [30, 0.1, 0], inflation: 1, observations: 1e6 });
    after.sweep(measured(law));
    for (const rows of [2, 16]) expect(after.predict(rows, 64) / law(rows, 64)).toBeLessThan(1.25);
  });

  test('brings the bound that was learned, unless it is old', () => {
    const profile = { coefficients: [1, 1, 0], inflation: 1.6, observations: 100 } as const;
    const [fresh, old] = [new CostModel(), new CostModel()];
    fresh.import(profile);
    old.import(profile, 0.05);
    expect(fresh.inflation).toBeCloseTo(1.6, 1);
    expect(old.inflation).toBeLessThan(1.2);
  });

  test('agrees with measurements by their middle, in either direction', () => {
    const profile = { coefficients: [1, 1, 0], inflation: 1, observations: 100 } as const;
    const times = (factor: number): Measurement[] =>
      [1, 2, 4].map((rows) => ({ rows, length: 1, latency: factor * (1 + rows) }));
    expect(disagreement(profile, times(1))).toBeCloseTo(1);
    expect(disagreement(profile, times(3))).toBeCloseTo(3);
    expect(disagreement(profile, times(1 / 3))).toBeCloseTo(3);
    expect(disagreement(profile, [...times(1), { rows: 1, length: 1, latency: 900 }])).toBeCloseTo(1);
    expect(disagreement(profile, [])).toBe(Number.POSITIVE_INFINITY);
  });
});

test('a run that was held up says little about the cost', () => {
  const model = new CostModel();
  model.sweep([1, 2, 4].map((rows) => ({ rows, length: 1, latency: rows })));
  for (let run = 0; run < 20; run++) model.observe({ rows: 1, length: 1, latency: 1 });
  model.observe({ rows: 1, length: 1, latency: 500 });
  expect(model.predict(1, 1)).toBeLessThan(1.5);
  expect(model.bound(1, 1)).toBeLessThan(5);
});

test('what is doubted is believed again after the next observation', () => {
  const model = new CostModel();
  model.sweep([{ rows: 1, length: 1, latency: 8 }]);
  const before = model.predict(1, 1);
  model.doubt();
  model.doubt();
  expect(model.predict(1, 1)).toBeCloseTo(before / 4);
  model.observe({ rows: 1, length: 1, latency: 8 });
  expect(model.predict(1, 1)).toBeCloseTo(8, 0);
});

test.each([
  ['like all', false],
  ['apart', true],
])(
  'a variant that ran in a bad moment and is avoided since is tried again, where others run %s',
  (_, apart) => {
    const shapes = [
      { accuracy: 0.9, fixed: 8, perRow: 2 },
      { accuracy: 0.9, fixed: 4, perRow: 1 },
    ];
    const interference = new Interference();
    const lanes = shapes.map((shape, index) => {
      const cost = new CostModel(interference);
      cost.sweep(ROWS.map((rows) => ({ rows, length: 1, latency: shape.fixed + shape.perRow * rows })));
      return { ...laneOf(index, shape), cost };
    });
    const scheduler = schedulerOf(shapes, { lanes, interference });
    for (let i = 0; i < 200; i++) {
      const rows = 1 + (i % 8);
      lanes[0]?.cost.observe({ rows, length: 1, latency: 8 + 2 * rows });
      lanes[1]?.cost.observe({ rows, length: 1, latency: 50 + rows });
    }
    const ran: string[] = [];
    for (let now = 0; now < 60_000; now += 40) {
      for (let i = 0; i < 4; i++) scheduler.offer(entryOf({ deadline: now + 1000 }), now);
      const decision = scheduler.next(now);
      if (decision.kind !== 'dispatch') continue;
      ran.push(decision.lane.variant);
      const { fixed, perRow } = shapes[decision.lane.index] as (typeof shapes)[number];
      const running = scheduler.started(decision, now);
      const computeInfer = fixed + perRow * decision.rows;
      const journey = { computeInput: 0, computeInfer, computeOutput: 0 };
      scheduler.ended(decision, running, now + 20);
      scheduler.learn(decision, running, now + 20, journey, apart && decision.lane.index === 0);
      for (const entry of decision.entries) scheduler.settled(entry);
    }
    expect(ran[0]).toBe('v0');
    expect(ran.slice(-100).every((variant) => variant === 'v1')).toBe(true);
  },
);

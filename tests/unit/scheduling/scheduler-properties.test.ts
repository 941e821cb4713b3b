import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Process } from '../../../bench/sim/arrivals.ts';
import { type Node, type SimResult, simulate } from '../../../bench/sim/simulate.ts';
import { SluicePolicy } from '../../../bench/sim/sluice-policy.ts';
import { requestsOf, type SimRequest, type Workload } from '../../../bench/sim/workload.ts';

const process = fc.constantFrom<Process>(
  { kind: 'poisson' },
  { kind: 'gamma', cv: 4 },
  { kind: 'gamma', cv: 8 },
  { kind: 'bursts', ratio: 5, high: 200, low: 500 },
);

const variant = fc.record({
  fixed: fc.constantFrom(0, 2, 9),
  perRow: fc.constantFrom(0.05, 0.4, 1),
  accuracy: fc.constantFrom(0.8, 0.9, 0.95),
});

const setting = fc.record({
  process,
  variants: fc.array(variant, { minLength: 1, maxLength: 4 }),
  slots: fc.integer({ min: 1, max: 3 }),
  /** Requests per millisecond. */
  rate: fc.constantFrom(0.05, 0.3, 1, 4),
  lengths: fc.constantFrom<readonly number[]>([1], [8, 17, 64]),
  maxBatchSize: fc.constantFrom(1, 4, 16),
  maxEntries: fc.constantFrom(20, 10_000),
  seed: fc.nat(1000),
});

type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

const HORIZON = 1500;

function play({ variants, slots, lengths, maxBatchSize, maxEntries, ...load }: Setting): {
  requests: SimRequest[];
  result: SimResult;
  node: Node;
  policy: SluicePolicy;
} {
  const node: Node = {
    slots,
    noise: 0.05,
    variants: variants.map(({ fixed, perRow, accuracy }, index) => ({
      name: `v${index}`,
      accuracy,
      latency: (rows, length) => 0.5 + fixed + perRow * rows * length,
    })),
  };
  const workload: Workload = {
    ...load,
    horizon: HORIZON,
    slack: (random) => 5 + 200 * random.next() ** 2,
    length: (random) => lengths[Math.floor(random.next() * lengths.length)] ?? 1,
    allowed: (random) => 1 + Math.floor(random.next() * (2 ** variants.length - 1)),
    client: (random) => (random.next() < 0.8 ? 'loud' : 'quiet'),
    priority: (random) => (random.next() < 0.5 ? 1 : 2),
  };
  const requests = requestsOf(workload);
  const policy = new SluicePolicy(node, { maxBatchSize, maxEntries, lengths });
  return { requests, node, policy, result: simulate(policy, node, requests, load.seed) };
}

test('every request settles exactly once, and nothing is held after it', () => {
  fc.assert(
    fc.property(setting, (given) => {
      const { result, policy } = play(given);
      expect(result.outcomes.every(({ settled }) => settled === 1)).toBe(true);
      expect(policy.scheduler.size).toBe(0);
      expect(policy.scheduler.bytesInFlight).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('nobody starves: who is accepted has started by the deadline, or was told by then that it cannot', () => {
  fc.assert(
    fc.property(setting, (given) => {
      const { requests, result } = play(given);
      const longest = result.batches.reduce((most, { latency }) => Math.max(most, latency), 0);
      for (const [index, { endedAt }] of result.outcomes.entries()) {
        expect(endedAt).toBeLessThanOrEqual((requests[index]?.deadline ?? 0) + longest);
      }
    }),
    { numRuns: 60 },
  );
});

test('the floor is never broken: only allowed variants answer', () => {
  fc.assert(
    fc.property(setting, (given) => {
      const { requests, result } = play(given);
      for (const [index, { fate, variant: used }] of result.outcomes.entries()) {
        if (fate === 'answered') expect((requests[index]?.allowed ?? 0) & (1 << used)).not.toBe(0);
      }
    }),
    { numRuns: 60 },
  );
});

test('no batch is larger than the max batch size', () => {
  fc.assert(
    fc.property(setting, (given) => {
      for (const { rows } of play(given).result.batches) expect(rows).toBeLessThanOrEqual(given.maxBatchSize);
    }),
    { numRuns: 30 },
  );
});

test('the same seed gives the same decisions', () => {
  fc.assert(
    fc.property(setting, (given) => {
      const [first, second] = [play(given).result, play(given).result];
      expect(first.outcomes).toEqual(second.outcomes);
      expect(first.batches).toEqual(second.batches);
    }),
    { numRuns: 20 },
  );
});

import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { Interference } from '../../src/scheduling/interference.ts';
import type { CostMemory } from '../../src/state/variant-state.ts';
import { type WarmUpOptions, warmUp } from '../../src/variant-warm-up.ts';

let swept: number[] = [];
let lines: { msg: string; level: number }[] = [];
beforeEach(() => {
  swept = [];
  lines = [];
});

/** A pool whose batches take 5 ms and 1 ms a row. */
const POOL: WarmUpOptions['pool'] = {
  signature: { inputs: [], outputs: [] },
  shortRunsInPlace() {},
  async warm(sizes) {
    swept.push(...sizes);
    return sizes.map((rows) => 5 + rows);
  },
  async run() {
    return {
      outputs: new Map(),
      timings: { queue: 0, computeInput: 0, computeInfer: 0, computeOutput: 0 },
      batchSize: 1,
    };
  },
};

const remembered = (coefficients: readonly [number, number, number]): CostMemory => ({
  cost: { coefficients, inflation: 1.3, observations: 100 },
  share: 1,
});

const warm = (memory?: CostMemory) =>
  warmUp({
    pool: POOL,
    sample: { length: 12, largestId: 2 },
    padded: false,
    maxBatchSize: 32,
    interference: new Interference(),
    memory,
    logger: pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) }),
  });

describe('the warm-up', () => {
  test('runs every size where nothing is known', async () => {
    await warm();
    expect(swept).toEqual([1, 2, 4, 8, 16, 32]);
  });

  test('runs a few sizes where an earlier profile holds, and learns its bound', async () => {
    const cost = await warm(remembered([6, 0.9, 0]));
    expect(swept).toEqual([1, 4, 32]);
    expect(cost.inflation).toBeGreaterThan(1.25);
    expect(lines).toEqual([]);
  });

  test.each<[string, [number, number, number]]>([
    ['slower', [200, 100, 0]],
    ['faster', [0.001, 0.001, 0]],
    ['without a cost', [0, 0, 0]],
  ])('discards a profile of a machine that is %s, says so, and runs every size', async (_, coefficients) => {
    const cost = await warm(remembered(coefficients));
    expect(swept).toEqual([1, 4, 32, 1, 2, 4, 8, 16, 32]);
    expect(cost.inflation).toBeLessThan(1.2);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.msg).toContain('is not used');
  });
});

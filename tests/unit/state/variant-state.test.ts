import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { CostModel } from '../../../src/scheduling/cost-model.ts';
import { StateFolder } from '../../../src/state/state-folder.ts';
import type { VariantKey } from '../../../src/state/variant-record.ts';
import { recall, VariantKeeper } from '../../../src/state/variant-state.ts';

const DAY = 86_400_000;
const KEY: VariantKey = {
  sha256: 'a'.repeat(64),
  data: 'b'.repeat(64),
  cpu: 'a CPU',
  cores: 2,
  runtime: 'a runtime',
  instances: 2,
  intraOpThreads: 1,
  executionProviders: ['cpu'],
  graphOptimization: 'all',
  maxBatchSize: 32,
};
const VERDICT = { batchable: true, reason: 'rows agree' };

let root = '';
let path = '';
let now = 0;
const open = (): StateFolder => new StateFolder({ path, logger: pino({ level: 'silent' }), now: () => now });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-state-'));
});
beforeEach(async () => {
  path = await mkdtemp(join(root, 'each-'));
  now = 100 * DAY;
});
afterAll(() => rm(root, { recursive: true }));

function costAfter(batches: number): CostModel {
  const cost = new CostModel();
  for (let batch = 0; batch < batches; batch++) {
    const rows = 1 + (batch % 8);
    cost.observe({ rows, length: 1, latency: 4 + rows });
  }
  return cost;
}

const keep = (cost: CostModel, known = false, verdict = VERDICT): Promise<void> =>
  new VariantKeeper({ folder: open(), key: KEY, verdict, cost, known }).close();

test('the next start knows what a batch costs', async () => {
  const cost = costAfter(100);
  await keep(cost);
  const known = await recall(open(), KEY);
  expect(known).toMatchObject({ verdict: VERDICT, profile: { share: 1, cost: { observations: 100 } } });
  const next = new CostModel();
  if (known?.profile !== undefined) next.import(known.profile.cost, known.profile.share);
  expect(next.predict(16, 1)).toBeCloseTo(cost.coefficients[0] + 16 * cost.coefficients[1], 1);
});

test('of a variant that hardly ran the verdict is kept, and nothing about its cost', async () => {
  await keep(costAfter(3));
  expect(await recall(open(), KEY)).toEqual({ verdict: VERDICT });
});

test('what is known already stays until more is learned', async () => {
  await keep(costAfter(100));
  await keep(costAfter(3), true);
  expect(await recall(open(), KEY)).toMatchObject({ profile: { cost: { observations: 100 } } });
  await keep(costAfter(50), true);
  expect(await recall(open(), KEY)).toMatchObject({ profile: { cost: { observations: 50 } } });
});

test('a profile counts for half after a week and for nothing after a month; the verdict stays', async () => {
  await keep(costAfter(100));
  now += 7 * DAY;
  expect((await recall(open(), KEY))?.profile?.share).toBeCloseTo(0.5);
  now += 24 * DAY;
  expect(await recall(open(), KEY)).toEqual({ verdict: VERDICT });
});

test('what is too long to be read again is not kept, and harms nobody', async () => {
  await keep(costAfter(100), false, { batchable: false, reason: 'x'.repeat(3000) });
  expect(await recall(open(), KEY)).toBeUndefined();
});

test('a variant is written every minute in which something was learned', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const folder = open();
    const write = vi.spyOn(folder, 'write').mockResolvedValue();
    const cost = costAfter(0);
    const keeper = new VariantKeeper({ folder, key: KEY, verdict: VERDICT, cost, known: false });
    const writes: number[] = [];
    for (const batches of [0, 30, 0, 30]) {
      for (let batch = 0; batch < batches; batch++) cost.observe({ rows: 1, length: 1, latency: 5 });
      await vi.advanceTimersByTimeAsync(60_000);
      writes.push(write.mock.calls.length);
    }
    await keeper.close();
    expect(writes).toEqual([1, 2, 2, 3]);
  } finally {
    vi.useRealTimers();
  }
});

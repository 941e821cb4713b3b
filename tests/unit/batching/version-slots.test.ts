import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { VersionScheduler } from '../../../src/batching/version-scheduler.ts';
import { SILENT_OBSERVER } from '../../../src/inference/observer.ts';
import { CostModel } from '../../../src/scheduling/cost-model.ts';
import { PuppetRunner, settled } from '../../support/puppet-runner.ts';
import { BATCHING, rowsOf, SIGNATURE } from './batcher-fixture.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Requests of one row, due in a second, that a version over one such runner takes at once; a batch of four takes 54 ms. */
async function taken(instances: number, slots: number): Promise<number> {
  const scheduler = new VersionScheduler({
    slots: { count: slots, ran() {} },
    maxBytes: 1e9,
    patience: 10_000,
    sojourn: { target: 5000, interval: 10_000 },
  });
  const cost = new CostModel(scheduler.interference);
  cost.sweep([1, 2, 4].map((rows) => ({ rows, length: 1, latency: 50 + rows })));
  const runner = new PuppetRunner({ slots: instances });
  const batching = { ...BATCHING, maxQueueSize: 1000 };
  const lane = { variant: 'only', accuracy: 0.9, runner, cost, signature: SIGNATURE, batching };
  const opened = scheduler.open({ ...lane, padding: undefined, observer: SILENT_OBSERVER });
  let refused = 0;
  const deadline = performance.now() + 1000;
  for (let sent = 0; sent < 500; sent++)
    opened.run(rowsOf([1]), { deadline }).catch(() => {
      refused += 1;
    });
  await settled();
  return 500 - refused;
}

test('a version takes as much as the open instances of its variants can do', async () => {
  const one = await taken(1, 1);
  expect(await taken(1, 8)).toBeLessThan(1.2 * one);
  expect(await taken(8, 8)).toBeGreaterThan(4 * one);
});

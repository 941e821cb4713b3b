import { expect, test } from 'vitest';
import { VersionScheduler } from '../../../src/batching/version-scheduler.ts';
import { SILENT_OBSERVER } from '../../../src/inference/observer.ts';
import { CostModel } from '../../../src/scheduling/cost-model.ts';
import { PuppetRunner } from '../../support/puppet-runner.ts';
import { BATCHING, double, rowsOf, SIGNATURE } from './batcher-fixture.ts';

/** A version whose variants are puppets of one slot each. */
function setUp() {
  const scheduler = new VersionScheduler({
    slots: { count: 1, ran() {} },
    maxBytes: 2 ** 30,
    patience: 60_000,
    sojourn: { target: 60_000, interval: 60_000 },
  });
  const open = (variant: string, maxQueueSize: number) => {
    const puppet = new PuppetRunner({ model: double, auto: true });
    const cost = new CostModel(scheduler.interference);
    cost.sweep([{ rows: 1, length: 1, latency: 1 }]);
    const runner = scheduler.open({
      variant,
      accuracy: 0.9,
      runner: puppet,
      cost,
      signature: SIGNATURE,
      batching: { ...BATCHING, maxQueueSize },
      padding: undefined,
      observer: SILENT_OBSERVER,
    });
    return { puppet, runner };
  };
  return { open };
}

test('a variant that is opened again keeps its place: the queue has the settings of the first', async () => {
  const { open } = setUp();
  const before = open('default', 2);
  const other = open('int8', 100);
  const { runner } = open('default', 2);
  await before.runner.close();
  const runs = [1, 2, 3].map((value) => other.runner.run(rowsOf([value])));
  expect([runner.queueDepth, other.runner.queueDepth]).toEqual([2, 0]);
  await expect(Promise.allSettled(runs)).resolves.toMatchObject([
    { status: 'fulfilled' },
    { status: 'fulfilled' },
    { status: 'rejected', reason: { reason: 'queue_full' } },
  ]);
});

test('no more variants are opened than can be told apart, and those that are keep answering', async () => {
  const { open } = setUp();
  const opened = Array.from({ length: 32 }, (_, index) => open(`v${index}`, 100));
  expect(() => open('v32', 100)).toThrow(
    expect.objectContaining({ code: 'failed_precondition', message: expect.stringContaining('32 variants') }),
  );
  opened.push(open('v31', 100));
  for (const { runner, puppet } of [opened[0], opened[32]].filter((each) => each !== undefined)) {
    await runner.run(rowsOf([1]));
    expect(puppet.runs).toHaveLength(1);
  }
  await opened[31]?.runner.close();
  await opened[5]?.runner.close();
  await expect(open('v32', 100).runner.run(rowsOf([1]))).resolves.toMatchObject({
    choice: { variant: 'v32' },
  });
});

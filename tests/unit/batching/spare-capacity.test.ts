import { expect, test } from 'vitest';
import { type LiveQueue, SpareCapacity } from '../../../src/batching/spare-capacity.ts';
import type { Batching } from '../../../src/inference/signature.ts';
import { PuppetRunner } from '../../support/puppet-runner.ts';
import { floatTensor, tensors } from '../../support/tensors.ts';

const batching = (maxBatchSize: number): Batching => ({
  maxBatchSize,
  preferredBatchSizes: [],
  maxQueueDelay: 0,
  maxQueueSize: 1,
  priorityLevels: 0,
  defaultPriority: 0,
  defaultTimeout: 0,
  reason: 'test',
});

class SparePuppet extends PuppetRunner {
  spare = true;
}

const rows = (count: number) => tensors({ x: floatTensor([count, 2], 1) });

test('a run that nobody waits for starts only while no live request waits, of whatever model', () => {
  const capacity = new SpareCapacity();
  const puppet = new SparePuppet({ slots: 8 });
  const lane = capacity.lane(puppet, batching(4));
  const queue: { queueDepth: number } = { queueDepth: 1 };
  const leave = capacity.join({ queueDepth: 0 } satisfies LiveQueue);
  const leaveOther = capacity.join(queue);
  expect(lane.run(rows(1))).toBeUndefined();
  queue.queueDepth = 0;
  expect(lane.run(rows(1))).toBeInstanceOf(Promise);
  queue.queueDepth = 1;
  leaveOther();
  leave();
  expect(lane.run(rows(1))).toBeInstanceOf(Promise);
  puppet.spare = false;
  expect(lane.run(rows(1))).toBeUndefined();
  expect(puppet.runs.map(({ options }) => options)).toEqual([{ background: true }, { background: true }]);
});

test('of more rows than a batch may have the first are run, and all of them where there is no batch axis', () => {
  const puppet = new SparePuppet({ slots: 8 });
  const capacity = new SpareCapacity();
  capacity.lane(puppet, batching(4)).run(rows(9));
  capacity.lane(puppet, batching(0)).run(rows(9));
  expect(puppet.runs.map((run) => run.rows)).toEqual([4, 9]);
});

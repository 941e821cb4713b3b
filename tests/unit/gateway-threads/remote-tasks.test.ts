import { expect, test } from 'vitest';
import type { MainThread } from '../../../src/gateway-threads/main-thread.ts';
import type { MirroredRegistry } from '../../../src/gateway-threads/mirrored-registry.ts';
import { remoteTasks } from '../../../src/gateway-threads/remote-data-plane.ts';
import type { TaskResponse } from '../../../src/inference/task-plane.ts';

const answer = (model: string): TaskResponse => ({ body: model }) as unknown as TaskResponse;

test('tasks of a model with a rollout run where the rollout is, all others in the thread', async () => {
  const tasks = remoteTasks(
    { run: async () => answer('here') },
    { hasRollout: (model: string) => model === 'split' } as unknown as MirroredRegistry,
    { runTask: async () => answer('main') } as unknown as MainThread,
  );
  const bodyOf = async (model: string) => (await tasks.run({ model, body: {} })).body;
  expect(await bodyOf('split')).toBe('main');
  expect(await bodyOf('split@int8')).toBe('here');
  expect(await bodyOf('whole')).toBe('here');
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mlpModel } from '../support/onnx/models.ts';
import { startRolloutServer } from '../support/rollout-server.ts';

it('a restart goes on with what was set and what was rolled back, by the state folder', async () => {
  const state = await mkdtemp(join(tmpdir(), 'sluice-state-'));
  const files = {
    'mlp/1/model.onnx': mlpModel(),
    'mlp/1/model_other.onnx': mlpModel({ seed: 2 }),
    'split/1/model.onnx': mlpModel(),
    'split/1/model_other.onnx': mlpModel(),
  };
  await using before = await startRolloutServer(files, ['--state-dir', state]);
  const { repository } = before.test;
  await before.set('mlp', {
    canaries: [{ variant: 'other', share: 0.5 }],
    guard: { minAgreement: 0.95, minComparisons: 10 },
  });
  const { since, canaries } = await before.askUntil('mlp', (each) => each.state === 'rolled_back');
  await before.set('split', { canaries: [{ variant: 'other', share: 1 }] });
  await before.test.server.lifecycle.shutdown('the test restarts it');

  await using after = await startRolloutServer({}, ['--state-dir', state, '--model-repository', repository]);
  expect(await after.state('mlp')).toMatchObject({
    source: 'api',
    since,
    canaries: [{ state: 'rolled_back', reason: canaries[0]?.reason, requests: { ok: 0 } }],
  });
  expect(new Set(await after.askAll('mlp'))).toEqual(new Set(['default']));
  expect(new Set(await after.askAll('split'))).toEqual(new Set(['other']));
  await rm(state, { recursive: true });
});

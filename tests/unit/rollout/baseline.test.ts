import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { InferenceError } from '../../../src/errors.ts';
import { DataPlane } from '../../../src/inference/data-plane.ts';
import type { Target } from '../../../src/inference/rollout.ts';
import { ActiveRollouts } from '../../../src/rollout/active-rollouts.ts';
import { folderWith, writeFiles } from '../repository/model-files.ts';
import { registryOn } from '../repository/registry-bench.ts';
import { KEYS } from './rollout-fixture.ts';

const CANARY_3 = {
  versionPolicy: 'all',
  rollout: {
    baselineVersion: 1,
    canaries: [{ version: 3, share: 0.5 }],
    guard: { maxErrorRate: 0.1, minRequests: 20 },
  },
};
const version = (number: number) => ({ [`m/${number}/model.onnx`]: 'x' });

/** A repository that is polled, and who answers the requests of all keys. */
async function polled(files: Readonly<Record<string, unknown>>) {
  const path = await folderWith(files);
  const log: Record<string, unknown>[] = [];
  /** Whenever a rollout began or ended. */
  const readiness: boolean[] = [];
  const rollouts: ActiveRollouts = new ActiveRollouts({
    logger: pino({ level: 'warn' }, { write: (line: string) => log.push(JSON.parse(line)) }),
    registry: () => bench.registry,
    onChange: () => readiness.push(bench.registry.ready),
  });
  const bench = registryOn(path, { mode: 'poll', rollouts });
  const dataPlane = new DataPlane({
    registry: bench.registry,
    rollouts,
    server: { name: 'test', version: '0', extensions: [] },
    accepting: () => true,
  });
  const route = (key: string): Target => dataPlane.route({ model: 'm', parameters: new Map(), key });
  const answering = (key: string): string => {
    try {
      return route(key).served.version;
    } catch (error) {
      return (error as InferenceError).code;
    }
  };
  return {
    ...bench,
    dataPlane,
    readiness,
    path,
    log,
    answers: () => [...new Set(KEYS.map(answering))].sort(),
    state: () => rollouts.describe('m'),
    shares: () => rollouts.states().map(({ share }) => share),
    rollBack() {
      for (const { arm } of KEYS.map(route)) {
        if (arm?.canary === true) arm.failed(new InferenceError('internal', 'the model failed'), 1);
      }
      expect(rollouts.describe('m').state).toBe('rolled_back');
    },
    /** Lets the version open that waits for it. */
    async release() {
      await expect.poll(() => bench.gate.waiting.length).toBe(1);
      bench.gate.waiting.pop()?.();
    },
  };
}

test('at a start nobody answers before the baseline is READY, which is opened first', async () => {
  const model = await polled({ ...version(1), ...version(3), 'm/model.json': CANARY_3 });
  model.gate.held = true;
  const started = model.registry.start();
  await expect.poll(() => model.gate.waiting.length).toBe(1);
  expect(model.answers()).toEqual(['unavailable']);
  await model.release();
  await expect.poll(() => model.opens).toEqual(['m/1/default', 'm/3/default']);
  expect(model.answers()).toEqual(['1']);
  await model.release();
  await started;
  expect(model.answers()).toEqual(['1', '3']);
});

test('at a start whose baseline is broken no canary answers for it', async () => {
  const model = await polled({ ...version(1), ...version(3), 'm/model.json': CANARY_3 });
  model.broken.set('m/1/default', 'half copied');
  await model.registry.start();
  expect(model.registry.versions('m')).toEqual(['3']);
  expect(model.answers()).toEqual(['unavailable']);
  expect(model.state().baseline).toMatchObject({ version: '1', problem: expect.stringMatching(/version 1/) });
});

test('a start whose baseline is broken is not ready, and says why, until it is mended', async () => {
  const model = await polled({ ...version(1), ...version(3), 'm/model.json': CANARY_3 });
  model.broken.set('m/1/default', 'half copied');
  await model.registry.start();
  expect(model.dataPlane.ready).toBe(false);
  expect(model.registry.missing).toEqual(['m']);
  expect(model.dataPlane.reasons).toEqual([expect.stringMatching(/version 1.*half copied/)]);
  model.broken.clear();
  await writeFiles(model.path, { 'm/1/model.onnx': 'whole' });
  await model.poll();
  expect(model.dataPlane.ready).toBe(true);
  model.broken.set('m/1/default', 'half copied again');
  await writeFiles(model.path, { 'm/1/model.onnx': 'half' });
  await model.poll();
  expect(model.dataPlane.ready).toBe(true);
});

test('a server whose baseline stands in for another stays ready while its rollout is edited', async () => {
  const model = await polled({ ...version(1), ...version(2), ...version(3) });
  await model.registry.start();
  model.broken.set('m/1/default', 'half copied');
  const planOf = (share: number) => ({
    versionPolicy: 'all',
    rollout: { baselineVersion: 1, canaries: [{ version: 2, share }] },
  });
  for (const share of [0.5, 0.6]) {
    await writeFiles(model.path, { 'm/model.json': planOf(share) });
    await model.poll();
    expect(model.answers()).toEqual(['3']);
  }
  expect(model.readiness).not.toContain(false);
  expect(model.readiness.length).toBeGreaterThan(0);
});

test('what answered goes on until the baseline is READY, with all of the traffic, and is told', async () => {
  const model = await polled({ ...version(1), ...version(2), ...version(3) });
  await model.registry.start();
  expect(model.answers()).toEqual(['3']);
  model.broken.set('m/1/default', 'half copied');
  const canary = { version: 2, share: 0.5 };
  await writeFiles(model.path, {
    'm/model.json': { versionPolicy: 'all', rollout: { baselineVersion: 1, canaries: [canary] } },
  });
  await model.poll();
  expect(model.registry.versions('m')).toEqual(['2', '3']);
  expect(model.answers()).toEqual(['3']);
  const problem = "version 1 of model 'm' is UNAVAILABLE: half copied";
  expect(model.state()).toMatchObject({
    baseline: { version: '3', problem },
    canaries: [{ version: '2', problem: 'the baseline is not READY' }],
  });
  expect(model.shares()).toEqual([1, 0]);
  expect(model.log).toContainEqual(
    expect.objectContaining({ model: 'm', version: '3', reason: problem, msg: expect.any(String) }),
  );
  model.broken.clear();
  await writeFiles(model.path, { 'm/1/model.onnx': 'whole' });
  await model.poll();
  expect(model.answers()).toEqual(['1', '2']);
  expect(model.state().baseline).not.toHaveProperty('problem');
  expect(model.shares()).toEqual([0.5, 0.5]);
});

test('for a baseline that left, the newest answers that was not rolled back, until it is READY again', async () => {
  const model = await polled({ ...version(1), ...version(2), ...version(3), 'm/model.json': CANARY_3 });
  await model.registry.start();
  model.rollBack();
  await rm(join(model.path, 'm/1'), { recursive: true });
  await model.poll();
  expect(model.registry.versions('m')).toEqual(['2', '3']);
  expect(model.answers()).toEqual(['2']);
  model.gate.held = true;
  await writeFiles(model.path, version(1));
  const back = model.poll();
  await expect.poll(() => model.gate.waiting.length).toBe(1);
  expect(model.answers()).toEqual(['2']);
  await model.release();
  await back;
  expect(model.answers()).toEqual(['1']);
});

test('a canary that was rolled back answers for the baseline where there is nothing else', async () => {
  const model = await polled({ ...version(1), ...version(3), 'm/model.json': CANARY_3 });
  await model.registry.start();
  model.rollBack();
  expect(model.answers()).toEqual(['1']);
  await rm(join(model.path, 'm/1'), { recursive: true });
  await model.poll();
  expect(model.answers()).toEqual(['3']);
  await writeFiles(model.path, { ...version(1), ...version(2) });
  model.broken.set('m/1/default', 'half copied');
  await model.poll();
  expect(model.answers()).toEqual(['2']);
});

test('the newest is no baseline once it was rolled back', async () => {
  const rollout = { ...CANARY_3.rollout, canaries: [{ version: 2, share: 0.5 }] };
  const { baselineVersion: _, ...newest } = rollout;
  const model = await polled({
    ...version(1),
    ...version(2),
    ...version(3),
    'm/model.json': { versionPolicy: 'all', rollout: newest },
  });
  await model.registry.start();
  expect(model.answers()).toEqual(['2', '3']);
  model.rollBack();
  await rm(join(model.path, 'm/3'), { recursive: true });
  await model.poll();
  expect(model.answers()).toEqual(['1']);
});

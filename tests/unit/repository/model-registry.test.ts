import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { folderWith } from './model-files.ts';
import { registryOn } from './registry-bench.ts';
import { codeOf } from './registry-errors.ts';

test('at start every model is loaded, and readiness waits for all of them', async () => {
  const path = await folderWith({ 'a/1/model.onnx': 'x', 'a/1/model_int8.onnx': 'x', 'b/2/model.onnx': 'x' });
  const bench = registryOn(path, { mode: 'none' });
  const { registry, gate } = bench;
  expect(registry.ready).toBe(false);
  gate.held = true;
  const started = registry.start();
  await expect.poll(() => gate.waiting.length).toBe(2);
  expect(registry.ready).toBe(false);
  expect(codeOf(() => registry.version('a'))).toBe('unavailable');
  expect(registry.index()).toContainEqual({ name: 'b', version: '2', state: 'LOADING', reason: '' });
  gate.held = false;
  for (const open of gate.waiting) open();
  await started;
  expect(registry.ready).toBe(true);
  expect(registry.models()).toEqual(['a', 'b']);
  expect([...registry.version('a').variants.keys()]).toEqual(['default', 'int8']);
  expect(registry.index()).toEqual([
    { name: 'a', version: '1', state: 'READY', reason: '' },
    { name: 'b', version: '2', state: 'READY', reason: '' },
  ]);
  expect(codeOf(() => registry.version('c'))).toBe('not_found');
  expect(codeOf(() => registry.version('a', '2'))).toBe('not_found');
  expect(codeOf(() => registry.versions('c'))).toBe('not_found');
});

test('no more models are opened at the same time than allowed', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const path = await folderWith(Object.fromEntries(names.map((name) => [`${name}/1/model.onnx`, 'x'])));
  const { registry, gate, opens } = registryOn(path, { mode: 'none', parallelLoads: 2 });
  gate.held = true;
  const started = registry.start();
  for (let released = 0; released < names.length; released++) {
    await expect.poll(() => gate.waiting.length).toBeGreaterThan(0);
    expect(gate.waiting.length).toBeLessThanOrEqual(2);
    expect(opens.length).toBeLessThanOrEqual(released + 2);
    gate.waiting.shift()?.();
  }
  await started;
  expect(registry.models()).toEqual(names);
});

test('a broken model shows its reason, keeps readiness false, and leaves the others alone', async () => {
  const path = await folderWith({
    'good/1/model.onnx': 'x',
    'broken/1/model.onnx': 'x',
    'typo/1/model.onnx': 'x',
    'typo/model.json': { instance: 2 },
  });
  const { registry, broken } = registryOn(path, { mode: 'none' });
  broken.set('broken/1/default', 'the file is truncated');
  await registry.start();
  expect(registry.ready).toBe(false);
  expect(registry.models()).toEqual(['good']);
  expect(registry.index()).toEqual([
    expect.objectContaining({
      name: 'broken',
      version: '1',
      state: 'UNAVAILABLE',
      reason: expect.stringContaining('truncated'),
    }),
    expect.objectContaining({ name: 'good', state: 'READY' }),
    { name: 'typo', version: '', state: 'UNAVAILABLE', reason: "model.json: unknown key 'instance'" },
  ]);
  expect(codeOf(() => registry.version('typo'))).toBe('unavailable');
  expect(() => registry.version('broken')).toThrow('the file is truncated');
});

test('a broken model that is not required does not keep readiness false', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/model.json': { required: false } });
  const { registry, broken } = registryOn(path, { mode: 'none' });
  broken.set('m/1/default', 'no');
  await registry.start();
  expect(registry.ready).toBe(true);
});

test('an empty repository is ready only where models can be loaded by request', async () => {
  const path = await folderWith({});
  for (const mode of ['none', 'poll', 'explicit'] as const) {
    const { registry } = registryOn(path, { mode });
    await registry.start();
    expect(registry.ready).toBe(mode === 'explicit');
    await registry.close();
  }
});

test.each([
  ['the newest by default', {}, ['10'], '10'],
  ['the newest n', { latest: { count: 2 } }, ['2', '10'], '10'],
  ['all', 'all', ['1', '2', '10'], '10'],
  ['the listed ones', { specific: [1, '2'] }, ['1', '2'], '2'],
])('the version policy serves %s', async (_, versionPolicy, served, newest) => {
  const config = JSON.stringify(versionPolicy) === '{}' ? {} : { versionPolicy };
  const path = await folderWith({
    'm/1/model.onnx': 'x',
    'm/2/model.onnx': 'x',
    'm/10/model.onnx': 'x',
    'm/model.json': config,
  });
  const { registry } = registryOn(path, { mode: 'none' });
  await registry.start();
  expect(registry.versions('m')).toEqual(served);
  expect(registry.version('m').version).toBe(newest);
  expect(registry.ready).toBe(true);
});

test('a listed version that is not there is an error of that model', async () => {
  const path = await folderWith({
    'm/1/model.onnx': 'x',
    'm/model.json': { versionPolicy: { specific: [7] } },
  });
  const { registry } = registryOn(path, { mode: 'none' });
  await registry.start();
  expect(registry.index()[0]?.reason).toContain('on disk: 1');
});

test('a variant that does not load is listed with its reason, and no other answers for it', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/1/model_int8.onnx': 'x' });
  const first = registryOn(path, { mode: 'none' });
  first.broken.set('m/1/int8', 'INT4 output');
  await first.registry.start();
  expect(first.registry.ready).toBe(true);
  expect(first.registry.index()).toEqual([
    { name: 'm', version: '1', state: 'READY', reason: '' },
    { name: 'm@int8', version: '1', state: 'UNAVAILABLE', reason: 'INT4 output' },
  ]);
  const second = registryOn(path, { mode: 'none' });
  second.broken.set('m/1/default', 'broken');
  await second.registry.start();
  expect(second.registry.ready).toBe(false);
  const served = second.registry.version('m');
  expect(served.defaultVariant).toBe('default');
  expect([...served.variants.keys()]).toEqual(['int8']);
  expect(served.statuses.get('default')).toMatchObject({ state: 'UNAVAILABLE', reason: 'broken' });
  expect(second.registry.index()[0]).toMatchObject({
    state: 'READY',
    reason: expect.stringContaining('broken'),
  });
});

test('a file that is not the one variants.json measured is not opened', async () => {
  const sha256 = createHash('sha256').update('good').digest('hex');
  const variants = {
    variants: { default: { file: 'model.onnx', sha256 }, int8: { file: 'model_int8.onnx', sha256 } },
  };
  const path = await folderWith({
    'm/1/model.onnx': 'good',
    'm/1/model_int8.onnx': 'evil',
    'm/1/variants.json': variants,
  });
  const { registry, opens } = registryOn(path, { mode: 'none' });
  await registry.start();
  expect(opens).toEqual(['m/1/default']);
  expect(registry.version('m').statuses.get('int8')?.reason).toContain(`variants.json expects ${sha256}`);
});

test('in mode explicit only the listed models are loaded at start', async () => {
  const path = await folderWith({ 'a/1/model.onnx': 'x', 'b/1/model.onnx': 'x', 'b/1/model_int8.onnx': 'x' });
  const none = registryOn(path, { mode: 'explicit' });
  await none.registry.start();
  expect(none.registry.models()).toEqual([]);
  expect(none.registry.index()).toContainEqual({ name: 'a', version: '', state: 'UNKNOWN', reason: '' });
  expect(codeOf(() => none.registry.version('a'))).toBe('unavailable');
  const some = registryOn(path, { mode: 'explicit', loadModels: ['b@int8'] });
  await some.registry.start();
  expect(some.opens).toEqual(['b/1/int8']);
  expect(some.registry.ready).toBe(true);
  const all = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await all.registry.start();
  expect(all.registry.models()).toEqual(['a', 'b']);
  const wrong = registryOn(path, { mode: 'explicit', loadModels: ['c'] });
  await wrong.registry.start();
  expect(wrong.registry.ready).toBe(false);
  expect(wrong.registry.index()).toContainEqual(expect.objectContaining({ name: 'c', state: 'UNAVAILABLE' }));
});

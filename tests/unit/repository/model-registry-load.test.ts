import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, writeFiles } from './model-files.ts';
import { registryOn } from './registry-bench.ts';
import { codeOf, rejection } from './registry-errors.ts';

test('models and variants are loaded and unloaded by request', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/1/model_int8.onnx': 'x' });
  const { registry, open } = registryOn(path, { mode: 'explicit' });
  await registry.start();
  await registry.load('m', { variant: 'int8' });
  expect(open()).toEqual(['m/1/int8']);
  await registry.load('m');
  expect(open()).toEqual(['m/1/default', 'm/1/int8']);
  await registry.unload('m', 'int8');
  expect(open()).toEqual(['m/1/default']);
  expect(registry.index()).toContainEqual({
    name: 'm@int8',
    version: '1',
    state: 'UNAVAILABLE',
    reason: 'unloaded',
  });
  expect(registry.version('m').statuses.get('int8')?.state).toBe('UNAVAILABLE');
  await registry.unload('m');
  expect(open()).toEqual([]);
  expect(registry.index()).toContainEqual({
    name: 'm',
    version: '1',
    state: 'UNAVAILABLE',
    reason: 'unloaded',
  });
  await registry.unload('m');
  expect(await rejection(registry.load('x'))).toMatchObject({ code: 'not_found' });
  expect(await rejection(registry.load('m', { variant: 'x' }))).toMatchObject({ code: 'not_found' });
  expect(await rejection(registry.unload('x'))).toMatchObject({ code: 'not_found' });
  expect(await rejection(registry.unload('m', 'x'))).toMatchObject({ code: 'not_found' });
});

test('a reload of what did not change opens nothing', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  const { registry, opens } = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await registry.start();
  const before = registry.version('m');
  await registry.load('m');
  expect(opens).toHaveLength(1);
  expect(registry.version('m')).toBe(before);
});

test('a change beside the file makes a new snapshot of the same session', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/1/labels.txt': 'a\nb' });
  const { registry, opens } = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await registry.start();
  expect(registry.version('m').labels.get('logits')).toEqual(['a', 'b']);
  await writeFiles(path, { 'm/1/labels.txt': 'c\nlonger' });
  await registry.load('m');
  expect(registry.version('m').labels.get('logits')).toEqual(['c', 'longer']);
  expect(opens).toHaveLength(1);
});

test('a swap drops nothing: the old version is closed after its last holder lets go', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  const { registry, open, gate } = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await registry.start();
  const old = registry.version('m');
  const letGo = old.hold();
  await writeFiles(path, { 'm/2/model.onnx': 'y' });
  gate.held = true;
  const loading = registry.load('m');
  await expect.poll(() => gate.waiting.length).toBe(1);
  expect(registry.ready).toBe(true);
  expect(registry.version('m')).toBe(old);
  gate.waiting[0]?.();
  await loading;
  expect(registry.ready).toBe(true);
  expect(registry.version('m').version).toBe('2');
  expect(registry.index()).toContainEqual({ name: 'm', version: '1', state: 'UNLOADING', reason: '' });
  expect(open()).toEqual(['m/1/default', 'm/2/default']);
  await expect(old.variants.get('default')?.runner.run(new Map())).resolves.toBeDefined();
  letGo();
  await expect.poll(open).toEqual(['m/2/default']);
  expect(registry.versions('m')).toEqual(['2']);
});

test('a holder of the new version does not keep the old one open', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  const { registry, open } = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await registry.start();
  const letGo = registry.version('m').hold();
  await writeFiles(path, { 'm/1/model.onnx': 'longer' });
  await registry.load('m');
  registry.version('m').hold();
  expect(open()).toEqual(['m/1/default', 'm/1/default']);
  letGo();
  await expect.poll(open).toEqual(['m/1/default']);
});

test('a reload that fails keeps what served, and says why', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  const { registry, broken, open } = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await registry.start();
  const before = registry.version('m').variants.get('default');
  await writeFiles(path, { 'm/1/model.onnx': 'garbage' });
  broken.set('m/1/default', 'no protobuf');
  const error = await rejection(registry.load('m'));
  expect(error).toMatchObject({
    code: 'failed_precondition',
    message: expect.stringContaining('no protobuf'),
  });
  expect(registry.version('m').variants.get('default')).toBe(before);
  expect(registry.ready).toBe(true);
  expect(registry.index()[0]).toMatchObject({
    state: 'READY',
    reason: expect.stringContaining('no protobuf'),
  });
  await writeFiles(path, { 'm/model.json': '{' });
  await rejection(registry.load('m'));
  expect(registry.version('m').variants.get('default')).toBe(before);
  await rm(join(path, 'm'), { recursive: true });
  expect(await rejection(registry.load('m'))).toMatchObject({ code: 'not_found' });
  expect(open()).toEqual(['m/1/default']);
});

test.each([
  ['the variants that it selects', '{"variants":["int9"]}'],
  ['its default variant', '{"defaultVariant":"int9"}'],
  ['its default variant, and the others are opened again', '{"defaultVariant":"int9","maxBatchSize":4}'],
])('a reload keeps what served where %s cannot be opened', async (_, json) => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/1/model_int8.onnx': 'x' });
  const { registry, open } = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await registry.start();
  await writeFiles(path, { 'm/model.json': json });
  expect(await rejection(registry.load('m'))).toMatchObject({
    code: 'failed_precondition',
    message: expect.stringContaining('model_int9.onnx is not there'),
  });
  expect(registry.version('m')).toMatchObject({ defaultVariant: 'default' });
  expect([...registry.version('m').variants.keys()]).toEqual(['default', 'int8']);
  expect(registry.ready).toBe(true);
  expect(registry.index()).toContainEqual({
    name: 'm',
    version: '1',
    state: 'READY',
    reason: expect.stringContaining('model_int9.onnx is not there'),
  });
  await writeFiles(path, { 'm/1/model_int9.onnx': 'x' });
  await registry.load('m');
  expect(registry.version('m').defaultVariant).toBe('int9');
  await expect.poll(open).toContain('m/1/int9');
  expect(registry.index()[0]).toMatchObject({ name: 'm', state: 'READY', reason: '' });
});

test('a new version that fails leaves the old one in service', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  const { registry, broken } = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await registry.start();
  await writeFiles(path, { 'm/2/model.onnx': 'y', 'm/2/model_int8.onnx': 'y' });
  broken.set('m/2/default', 'no');
  await rejection(registry.load('m'));
  expect(registry.version('m').version).toBe('1');
  expect(registry.index().map(({ name, version, state }) => `${name} ${version} ${state}`)).toEqual([
    'm 1 READY',
    'm 2 READY',
    'm@default 2 UNAVAILABLE',
  ]);
  broken.clear();
  await registry.load('m');
  expect(registry.versions('m')).toEqual(['2']);
});

test('a load can bring its own configuration, in either form', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/model.json': { maxBatchSize: 8 } });
  const { registry, opens } = registryOn(path, { mode: 'explicit', loadModels: ['*'] });
  await registry.start();
  const limit = () => registry.version('m').variants.get('default')?.batching.maxBatchSize;
  expect(limit()).toBe(8);
  await registry.load('m', { config: '{"maxBatchSize": 4}' });
  expect(limit()).toBe(4);
  await registry.load('m', { config: '{"max_batch_size": "2", "dynamic_batching": {}}' });
  expect(limit()).toBe(2);
  await registry.load('m');
  expect(limit()).toBe(8);
  for (const config of ['{', '{"maxBatchsize": 1}', '[]', 'null', '{"backend": "python"}']) {
    expect(await rejection(registry.load('m', { config }))).toMatchObject({ code: 'invalid_argument' });
  }
  expect(opens).toHaveLength(4);
});

test('loads and unloads of one model run one after the other', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  const { registry, gate, opens, open } = registryOn(path, { mode: 'explicit' });
  await registry.start();
  gate.held = true;
  const both = [registry.load('m'), registry.load('m')];
  await expect.poll(() => gate.waiting.length).toBe(1);
  both.push(registry.unload('m'));
  gate.held = false;
  gate.waiting[0]?.();
  await Promise.all(both);
  expect(opens).toHaveLength(1);
  expect(open()).toEqual([]);
});

test('an unload waits for who holds the version, and refuses new requests meanwhile', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  const { registry, open, states } = registryOn(path, { mode: 'explicit', loadModels: ['m'] });
  await registry.start();
  const letGo = registry.version('m').hold();
  const unloading = registry.unload('m');
  await expect.poll(() => registry.index()[0]?.state).toBe('UNLOADING');
  expect(codeOf(() => registry.version('m'))).toBe('unavailable');
  expect(registry.ready).toBe(true);
  expect(open()).toEqual(['m/1/default']);
  letGo();
  letGo();
  await unloading;
  expect(open()).toEqual([]);
  expect(states).toEqual(['default LOADING', 'default READY', 'default UNLOADING', 'default UNAVAILABLE']);
});

test('fifty rounds of load and unload leave nothing open', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/1/model_int8.onnx': 'x' });
  const { registry, open, opens } = registryOn(path, { mode: 'explicit' });
  await registry.start();
  for (let round = 0; round < 50; round++) {
    await registry.load('m');
    await registry.unload('m');
  }
  expect(opens).toHaveLength(100);
  expect(open()).toEqual([]);
});

test('statistics begin anew each time a version comes into memory, not with a reload', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  const asked: string[] = [];
  const statisticsFor = (model: string, version: string) => {
    asked.push(`${model}/${version}`);
    return { snapshot: () => Object.assign({}) };
  };
  const { registry } = registryOn(path, { mode: 'explicit', loadModels: ['m'], statisticsFor });
  await registry.start();
  await writeFiles(path, { 'm/1/model.onnx': 'longer' });
  await registry.load('m');
  expect(asked).toEqual(['m/1']);
  await registry.unload('m');
  await registry.load('m');
  expect(asked).toEqual(['m/1', 'm/1']);
});

test('loads are told by version: the first, reloads and what failed', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/1/model_int8.onnx': 'x' });
  const { registry, loads, broken } = registryOn(path, { mode: 'explicit', loadModels: ['m'] });
  await registry.start();
  expect(loads.splice(0)).toEqual(['m/1 ready']);
  await registry.load('m');
  expect(loads.splice(0)).toEqual([]);
  await writeFiles(path, { 'm/1/model.onnx': 'longer' });
  await registry.load('m');
  expect(loads.splice(0)).toEqual(['m/1 ready']);
  broken.set('m/1/int8', 'no');
  await writeFiles(path, { 'm/1/model_int8.onnx': 'longer' });
  await registry.load('m');
  expect(loads.splice(0)).toEqual(['m/1 failed']);
  await writeFiles(path, { 'm/model.json': '{"maxBatchSiz": 3}' });
  await rejection(registry.load('m'));
  expect(loads).toEqual(['m/1 failed']);
  expect(registry.models()).toEqual(['m']);
});

test('a model of which nothing can be loaded fails without a version', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/model.json': '{"maxBatchSiz": 3}' });
  const { registry, loads } = registryOn(path, { mode: 'explicit', loadModels: ['m', 'absent'] });
  await registry.start();
  expect(loads.sort()).toEqual(['absent/ failed', 'm/ failed']);
});

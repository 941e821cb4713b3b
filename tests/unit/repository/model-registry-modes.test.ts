import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { folderWith, writeFiles } from './model-files.ts';
import { registryOn } from './registry-bench.ts';
import { codeOf, rejection } from './registry-errors.ts';

test('in modes none and poll nothing is loaded or unloaded by request', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x' });
  for (const mode of ['none', 'poll'] as const) {
    const { registry } = registryOn(path, { mode });
    await registry.start();
    expect(await rejection(registry.load('m'))).toMatchObject({ code: 'failed_precondition' });
    expect(await rejection(registry.unload('m'))).toMatchObject({ code: 'failed_precondition' });
    expect(registry.models()).toEqual(['m']);
    await registry.close();
  }
});

test('polling follows what is added, changed and removed', async () => {
  const path = await folderWith({ 'a/1/model.onnx': 'x', 'b/1/model.onnx': 'x' });
  const { registry, poll, opens, open, broken } = registryOn(path, { mode: 'poll' });
  await registry.start();
  await poll();
  expect(opens).toHaveLength(2);
  await writeFiles(path, { 'a/2/model.onnx': 'y', 'c/1/model.onnx': 'x', 'd/1/model.onnx': 'x' });
  await rm(join(path, 'b'), { recursive: true });
  broken.set('d/1/default', 'half copied');
  await poll();
  expect(registry.models()).toEqual(['a', 'c']);
  expect(registry.versions('a')).toEqual(['2']);
  expect(codeOf(() => registry.version('b'))).toBe('not_found');
  expect(registry.ready).toBe(true);
  const tries = opens.length;
  await poll();
  expect(opens).toHaveLength(tries);
  broken.clear();
  await writeFiles(path, { 'd/1/model.onnx': 'whole' });
  await poll();
  expect(registry.models()).toEqual(['a', 'c', 'd']);
  await writeFiles(path, { 'a/2/model_int8.onnx': 'z' });
  await poll();
  expect(open()).toEqual(['a/2/default', 'a/2/int8', 'c/1/default', 'd/1/default']);
  expect(opens.filter((name) => name === 'a/2/default')).toHaveLength(1);
  await rm(join(path, 'a/2/model_int8.onnx'));
  await poll();
  expect([...registry.version('a').statuses.keys()]).toEqual(['default']);
  await rm(path, { recursive: true });
  await poll();
  expect(registry.models()).toEqual(['a', 'c', 'd']);
});

test('closing abandons what is loading, drains what serves, and refuses what comes after', async () => {
  const path = await folderWith({ 'a/1/model.onnx': 'x', 'b/1/model.onnx': 'x' });
  const { registry, gate, open } = registryOn(path, { mode: 'explicit', loadModels: ['a'] });
  await registry.start();
  const letGo = registry.version('a').hold();
  gate.held = true;
  const loading = registry.load('b');
  await expect.poll(() => gate.waiting.length).toBe(1);
  let closed = false;
  const closing = registry.close().then(() => {
    closed = true;
  });
  expect(registry.ready).toBe(false);
  expect(await rejection(registry.load('a'))).toMatchObject({ code: 'unavailable' });
  gate.waiting[0]?.();
  await loading;
  await expect.poll(open).toEqual(['a/1/default']);
  expect(closed).toBe(false);
  letGo();
  await closing;
  await registry.close();
  expect(open()).toEqual([]);
});

test('a repository that cannot be read stops the start', async () => {
  const path = await folderWith({});
  const { registry } = registryOn(join(path, 'none'), { mode: 'none' });
  await expect(registry.start()).rejects.toThrow('ENOENT');
});

test('a required model that is mended while the server runs makes it ready', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'm/model.json': { maxbatch: 1 } });
  const { registry, poll } = registryOn(path, { mode: 'poll' });
  await registry.start();
  expect(registry.ready).toBe(false);
  await writeFiles(path, { 'm/model.json': { maxBatchSize: 1 } });
  await poll();
  expect(registry.ready).toBe(true);
});

test('what is missing is what is required, was asked for and does not answer', async () => {
  const path = await folderWith({
    'a/1/model.onnx': 'x',
    'a/1/model_int8.onnx': 'x',
    'b/1/model.onnx': 'x',
    'c/1/model.onnx': 'x',
    'c/model.json': '{"required": false}',
    'd/1/model.onnx': 'x',
  });
  const { registry, broken } = registryOn(path, { mode: 'explicit', loadModels: ['a@int8', 'b', 'c', 'e'] });
  for (const name of ['a/1/int8', 'c/1/default']) broken.set(name, 'no');
  await registry.start();
  expect(registry.missing).toEqual(['a@int8', 'e']);
  await registry.unload('e');
  broken.clear();
  await registry.load('a', { variant: 'int8' });
  expect([registry.missing, registry.ready]).toEqual([[], true]);
});

test('polling warns once of what stays as it is', async () => {
  const path = await folderWith({ 'm/1/model.onnx': 'x', 'no name/1/model.onnx': 'x' });
  let lines = 0;
  const logger = pino({ level: 'warn' }, { write: () => lines++ });
  const { registry, poll } = registryOn(path, { mode: 'poll', logger });
  await registry.start();
  await poll();
  expect(lines).toBe(1);
  await rm(join(path, 'no name'), { recursive: true });
  await poll();
  await writeFiles(path, { 'no name/1/model.onnx': 'x' });
  await poll();
  expect(lines).toBe(2);
});

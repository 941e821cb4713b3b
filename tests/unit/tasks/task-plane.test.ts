import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTaskPlane } from '../../../src/tasks/task-plane.ts';
import { exportFolder } from '../../support/tasks/reference.ts';
import { serveExport } from '../../support/tasks/served-export.ts';

const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

/** The classifier's export with some files changed, or taken away. */
async function serveChanged(files: Readonly<Record<string, string | undefined>>) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-export-'));
  folders.push(folder);
  await cp(exportFolder('bert-classifier'), folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) await rm(join(folder, name));
    else await writeFile(join(folder, name), content);
  }
  return serveExport(folder);
}

const body = { inputs: 'the card' };

describe('the task plane', () => {
  it.each([
    ['no tokenizer', { 'tokenizer.json': undefined }, /has no tokenizer\.json, which this task needs/],
    [
      'a broken tokenizer',
      { 'tokenizer.json': '{"version":1}' },
      /has a tokenizer\.json that cannot be used/,
    ],
    ['a configuration that is no JSON', { 'config.json': '{' }, /config\.json of model 'model' is not JSON/],
    ['a configuration that is no object', { 'config.json': '[]' }, /config\.json of model 'model' must hold/],
  ])('refuses a model with %s, and says so without failing at load', async (_, files, message) => {
    const { tasks, held } = await serveChanged(files);
    await expect(tasks.run({ model: 'model', body })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringMatching(message),
    });
    await expect(tasks.prepare('model')).resolves.toBeUndefined();
    expect(held()).toBe(0);
  });

  it.each([
    ['a folder without the files of an export', { 'config.json': undefined }],
    ['a configuration of another kind', { 'config.json': '{"architectures":["GPT2LMHeadModel"]}' }],
  ])('has no task for %s', async (_, files) => {
    const { tasks } = await serveChanged(files);
    await expect(tasks.run({ model: 'model', body })).rejects.toMatchObject({ code: 'unimplemented' });
  });

  it('reads an export once, whoever asks first', async () => {
    const { tasks, served } = await serveChanged({});
    await tasks.prepare('model');
    await rm(join(served.folder, 'tokenizer.json'));
    await expect(tasks.run({ model: 'model', body })).resolves.toMatchObject({
      version: '1',
      variant: 'default',
    });
  });

  it('does not start a run for a client that is gone', async () => {
    const { tasks, runs, held } = await serveChanged({});
    const signal = AbortSignal.abort();
    await expect(tasks.run({ model: 'model', body, signal })).rejects.toMatchObject({ code: 'canceled' });
    expect(runs).toEqual([]);
    expect(held()).toBe(0);
  });

  it('gives all runs of a request the time that it has from its arrival', async () => {
    const { tasks } = await serveChanged({});
    const parameters = { timeout: 1_000_000 };
    const arrivedAt = performance.now() - 1001;
    const late = tasks.run({ model: 'model', body: { ...body, parameters }, arrivedAt });
    await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('passes scheduling parameters on, and refuses those that no scheduler reads', async () => {
    const { tasks } = await serveChanged({});
    const ask = (parameters: object) => tasks.run({ model: 'model', body: { ...body, parameters } });
    await expect(ask({ timeout: -1 })).rejects.toThrow(/'timeout'/);
    await expect(ask({ timeout: 1_000_000, variant: 'default' })).resolves.toBeDefined();
    await expect(ask({ urgency: 1 })).rejects.toThrow(/urgency/);
  });

  it('takes null for left out, and whole numbers of any size, as tensor requests do', async () => {
    const { tasks } = await serveChanged({});
    const ask = (parameters: object) => tasks.run({ model: 'model', body: { ...body, parameters } });
    await expect(ask({ timeout: null, variant: null, min_accuracy: null })).resolves.toBeDefined();
    await expect(ask({ timeout: 1_000_000_000n })).resolves.toBeDefined();
    await expect(ask({ timeout: 2n ** 53n })).rejects.toThrow(/'timeout' must be an integer from 0 to/);
    await expect(ask({ timeout: [1] })).rejects.toThrow(
      "'parameters.timeout': must be a string, a number or a boolean",
    );
  });

  it.each([
    ['embeddings', 'minilm-embedder', { input: 'the card' }],
    ['rerank', 'cross-encoder', { query: 'the card', texts: ['lost'] }],
  ])('takes scheduling parameters in the form of %s, which has none of its own', async (task, name, own) => {
    const { tasks } = await serveExport(exportFolder(name));
    const ask = (parameters: object) => tasks.run({ model: 'model', task, body: { ...own, parameters } });
    await expect(ask({ timeout: 60_000_000, prefer: 'latency' })).resolves.toBeDefined();
    await expect(ask({ timeout: -1 })).rejects.toThrow(/'timeout'/);
    await expect(ask({ top_k: 1 })).rejects.toThrow(/parameters/);
  });

  it('leaves the log of a fault to the gateway, which knows whose request it was', async () => {
    const { dataPlane } = await serveChanged({});
    const lines: string[] = [];
    const logger = pino({}, { write: (line) => lines.push(line) });
    vi.spyOn(dataPlane, 'inferOn').mockRejectedValue(new Error('a fault of ours'));
    const tasks = createTaskPlane({ dataPlane, logger });
    await expect(tasks.run({ model: 'model', body })).rejects.toThrow();
    expect(lines).toEqual([]);
  });

  it('says not_found for a model that is not there', async () => {
    const { tasks } = await serveChanged({});
    await expect(tasks.run({ model: 'nobody', body })).rejects.toMatchObject({ code: 'not_found' });
  });
});

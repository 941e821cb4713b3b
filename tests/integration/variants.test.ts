import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelConfig, ModelMetadata } from '../../src/inference/metadata.ts';
import { addModel, garbage } from '../support/onnx/models.ts';
import { fp32Request, readJson, startTestServer, type TestServer } from '../support/start-server.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const REQUEST = fp32Request({ a: [[1, 2, 3, 4]], b: [[1, 1, 1, 1]] });

/** variants.json over files whose hashes are right, but for the one that `wrong` names. */
function measured(files: Readonly<Record<string, Uint8Array>>, wrong: string): string {
  const variants = Object.entries(files).map(([name, bytes], index) => [
    name,
    {
      file: name === 'default' ? 'model.onnx' : `model_${name}.onnx`,
      bytes: bytes.length,
      sha256: name === wrong ? sha256(Buffer.from('another file')) : sha256(bytes),
      precision: 'fp32',
      accuracy: 0.9 - index / 100,
    },
  ]);
  return JSON.stringify({
    model: 'add',
    version: 1,
    task: 'tensors',
    data: { name: 'none', licence: 'none', source: 'none' },
    variants: Object.fromEntries(variants),
  });
}

describe('variants of a version', () => {
  let test: TestServer;

  beforeAll(async () => {
    const model = addModel();
    test = await startTestServer(
      {
        'add/1/model.onnx': model,
        'add/1/model_int8.onnx': model,
        'add/1/model_changed.onnx': model,
        'add/1/model_broken.onnx': garbage(),
        'add/1/variants.json': measured(
          { default: model, int8: model, changed: model, broken: garbage() },
          'changed',
        ),
      },
      ['--model-control-mode', 'explicit', '--load-models', 'add'],
    );
  });

  afterAll(async () => {
    await test[Symbol.asyncDispose]();
  });

  const infer = (name: string, parameters: Readonly<Record<string, string>> = {}) =>
    fetch(`${test.rest}/v2/models/${name}/infer`, {
      method: 'POST',
      body: JSON.stringify({ ...JSON.parse(REQUEST), parameters }),
    });

  it('are listed with accuracy, bytes and state', async () => {
    const { variants } = await readJson<ModelMetadata>(fetch(`${test.rest}/v2/models/add`));
    expect(variants.find(({ name }) => name === 'int8')).toEqual({
      name: 'int8',
      state: 'READY',
      file: 'model_int8.onnx',
      bytes: addModel().length,
      accuracy: 0.89,
    });
    const config = await readJson<ModelConfig>(fetch(`${test.rest}/v2/models/add/config`));
    expect(JSON.parse(config.parameters['variants']?.string_value ?? '')).toEqual(variants);
  });

  it.each([
    ['add', {}, 'default'],
    ['add@int8', {}, 'int8'],
    ['add', { variant: 'int8' }, 'int8'],
  ])(
    '%s with parameters %j is answered by %3$s, which the answer says',
    async (name, parameters, variant) => {
      const response = await infer(name, parameters);
      expect(response.headers.get('x-sluice-variant')).toBe(variant);
      expect(await readJson(response)).toMatchObject({ model_name: 'add', parameters: { variant } });
    },
  );

  it('a file whose hash is not the measured one is not served, and the others are', async () => {
    const { variants } = await readJson<ModelMetadata>(fetch(`${test.rest}/v2/models/add`));
    const changed = variants.find(({ name }) => name === 'changed');
    expect(changed).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringMatching(/sha256/) });
    const refused = await infer('add@changed');
    expect(refused.status).toBe(503);
    expect(await readJson(refused)).toMatchObject({ error: expect.stringMatching(/sha256/) });
    expect((await infer('add')).status).toBe(200);
  });

  it('an unknown variant is 404, and two different ones in one request 400', async () => {
    expect((await infer('add@nothing')).status).toBe(404);
    expect((await infer('add@int8', { variant: 'default' })).status).toBe(400);
  });

  it('one is unloaded and loaded alone', async () => {
    const call = (verb: string) =>
      fetch(`${test.rest}/v2/repository/models/add@int8/${verb}`, { method: 'POST' });
    expect((await call('unload')).status).toBe(200);
    expect((await infer('add@int8')).status).toBe(503);
    expect((await infer('add')).status).toBe(200);
    const instances = 'sluice_instances{model="add",version="1",variant="int8"}';
    expect(await test.metric(instances)).toBe(0);
    expect((await call('load')).status).toBe(200);
    expect((await infer('add@int8')).status).toBe(200);
    expect(await test.metric(instances)).toBe(2);
  });
});

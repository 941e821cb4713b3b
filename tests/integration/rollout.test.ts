import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GrpcClient, type Message } from '../support/grpc-client.ts';
import { mlpModel } from '../support/onnx/models.ts';
import { KEYS, type RolloutServer, requestOf, rowOf, startRolloutServer } from '../support/rollout-server.ts';
import { readJson } from '../support/start-server.ts';
import { repositoryOf } from '../support/tasks/export-files.ts';

let server: RolloutServer;
let grpc: GrpcClient;

/** Answers of one model, those of another seed differ. */
const mlp = (seed = 1): Buffer => mlpModel({ seed });
const classifier = repositoryOf(['bert-classifier']);

beforeAll(async () => {
  server = await startRolloutServer({
    'mlp/1/model.onnx': mlp(),
    'mlp/1/model_same.onnx': mlp(),
    'mlp/1/model_other.onnx': mlp(2),
    'mlp/1/model_wide.onnx': mlpModel({ outputs: 7 }),
    'versions/1/model.onnx': mlp(),
    'versions/2/model.onnx': mlp(2),
    'versions/model.json': JSON.stringify({ versionPolicy: 'all' }),
    'queued/1/model.onnx': mlp(),
    'queued/1/model_other.onnx': mlp(2),
    'queued/model.json': JSON.stringify({ maxQueueDelayMicroseconds: 1 }),
    'lone/1/model.onnx': mlp(),
    'lone/2/model.onnx': mlp(2),
    ...classifier,
    'bert-classifier/1/model_copy.onnx': classifier['bert-classifier/1/model.onnx'] ?? '',
  });
  grpc = new GrpcClient(Number(server.test.grpc.split(':')[1]));
});

afterAll(async () => {
  grpc.close();
  await server[Symbol.asyncDispose]();
});

const MODELS = ['mlp', 'queued', 'versions', 'lone', 'bert-classifier'];
beforeEach(() => Promise.all(MODELS.map((model) => server.admin(model, 'DELETE'))));

const grpcRequest = (model: string, parameters = {}): Message => ({
  model_name: model,
  parameters,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 16] }],
  raw_input_contents: [Buffer.from(Float32Array.from(rowOf(1)).buffer)],
});

describe('a canary of a variant', () => {
  it('takes its keys over REST, gRPC and streams alike, and says so', async () => {
    await server.set('mlp', { canaries: [{ variant: 'other', share: 0.5 }] });
    const variants = await server.askAll('mlp');
    expect(new Set(variants)).toEqual(new Set(['default', 'other']));
    expect(await server.askAll('mlp')).toEqual(variants);
    const reasons = await server.askAll('mlp', 'x-sluice-variant-reason');
    expect(reasons).toEqual(variants.map((each) => (each === 'other' ? 'canary' : 'best')));

    const stream = grpc.stream('ModelStreamInfer');
    for (const [index, key] of KEYS.entries()) {
      const { trailers } = await grpc.unary('ModelInfer', grpcRequest('mlp'), {
        metadata: { 'x-sluice-key': key },
      });
      expect(trailers.get('x-sluice-variant')).toEqual([variants[index]]);
      stream.send(grpcRequest('mlp', { rollout_key: { string_param: key } }));
      expect(await stream.next()).toMatchObject({
        infer_response: { parameters: { variant: { string_param: variants[index] } } },
      });
      const answer = await server.infer('mlp', 'another', {
        ...requestOf(1),
        parameters: { rollout_key: key },
      });
      expect(answer.headers.get('x-sluice-variant')).toBe(variants[index]);
    }
    stream.end();
    expect(await stream.next()).toBeUndefined();
  });

  it('begins, grows and ends without a restart, and no key comes back while it grows', async () => {
    expect(new Set(await server.askAll('mlp'))).toEqual(new Set(['default']));
    let before: (string | null)[] = KEYS.map(() => 'default');
    for (const share of [0.2, 0.6, 1]) {
      await server.set('mlp', { canaries: [{ variant: 'other', share }] });
      const after = await server.askAll('mlp');
      expect(after.filter((each, index) => each === 'default' && before[index] === 'other')).toEqual([]);
      before = after;
    }
    expect(new Set(before)).toEqual(new Set(['other']));
    expect((await server.admin('mlp', 'DELETE')).status).toBe(204);
    expect((await server.admin('mlp', 'GET')).status).toBe(404);
    expect(new Set(await server.askAll('mlp'))).toEqual(new Set(['default']));
  });

  it('says so for a model that is not scheduled over its variants too', async () => {
    await server.set('queued', { canaries: [{ variant: 'other', share: 1 }] });
    const { headers } = await server.infer('queued', 'a');
    expect(headers.get('x-sluice-variant')).toBe('other');
    expect(headers.get('x-sluice-variant-reason')).toBe('canary');
    expect(headers.get('server-timing')).not.toContain('predicted');
  });

  it('leaves requests alone that name a version or a variant', async () => {
    await server.set('mlp', { canaries: [{ variant: 'other', share: 1 }] });
    expect((await server.infer('mlp@same', 'a')).headers.get('x-sluice-variant')).toBe('same');
    expect((await server.infer('mlp/versions/1', 'a')).headers.get('x-sluice-variant')).toBe('default');
  });

  it('leaves its traffic to the baseline while it is not loaded', async () => {
    await server.set('mlp', { canaries: [{ variant: 'same', share: 1 }] });
    const repository = (verb: string) =>
      fetch(`${server.test.rest}/v2/repository/models/mlp@same/${verb}`, { method: 'POST' });
    expect((await repository('unload')).status).toBe(200);
    expect(new Set(await server.askAll('mlp'))).toEqual(new Set(['default']));
    expect((await server.state('mlp')).canaries[0]?.problem).toMatch(
      /variant 'same' .* is UNAVAILABLE: unloaded/,
    );
    const refused = await server.admin('mlp', 'PUT', { canaries: [{ variant: 'same', share: 1 }] });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(/is UNAVAILABLE/)]);
    expect((await repository('load')).status).toBe(200);
    expect(new Set(await server.askAll('mlp'))).toEqual(new Set(['same']));
  });

  it('takes its keys on task endpoints too', async () => {
    await server.set('bert-classifier', { canaries: [{ variant: 'copy', share: 0.5 }] });
    const ask = (parameters: object, headers: Record<string, string>) =>
      fetch(`${server.test.rest}/models/bert-classifier`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ inputs: 'hello', parameters }),
      });
    const seen = new Set<string | null>();
    for (const key of KEYS) {
      const answer = await ask({}, { 'x-sluice-key': key });
      expect(answer.status).toBe(200);
      const variant = answer.headers.get('x-sluice-variant');
      seen.add(variant);
      expect(answer.headers.get('x-sluice-variant-reason')).toBe(variant === 'copy' ? 'canary' : 'best');
      expect(answer.headers.get('x-sluice-version')).toBe('1');
      const named = await ask({ rollout_key: key }, {});
      expect(named.headers.get('x-sluice-variant')).toBe(variant);
    }
    expect(seen).toEqual(new Set(['default', 'copy']));
  });
});

describe('a canary of a version', () => {
  it('takes its keys from the version that answers the rest', async () => {
    await server.set('versions', { baselineVersion: 1, canaries: [{ version: '2', share: 0.5 }] });
    const versions = await server.askAll('versions', 'x-sluice-version');
    expect(new Set(versions)).toEqual(new Set(['1', '2']));
    for (const [index, key] of KEYS.entries()) {
      const { response } = await grpc.unary('ModelInfer', grpcRequest('versions'), {
        metadata: { 'x-sluice-key': key },
      });
      expect(response).toMatchObject({ model_version: versions[index] });
    }
    const reasons = await server.askAll('versions', 'x-sluice-variant-reason');
    expect(reasons).toEqual(versions.map((each) => (each === '2' ? 'canary' : 'best')));
  });

  it('needs both versions to be loaded', async () => {
    const refused = await server.admin('lone', 'PUT', { canaries: [{ version: 1, share: 0.5 }] });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringMatching(/version 1 of model 'lone' is not loaded, READY are 2; 'versionPolicy' must be/),
    ]);
  });
});

it.each([
  ['no JSON', '{"canaries": [{"variant": "other", "share": NaN}]}', /the body is not JSON/],
  ['no body', undefined, /the request has no body/],
  [
    'shares above 1',
    {
      canaries: [
        { variant: 'other', share: 0.6 },
        { variant: 'same', share: 0.6 },
      ],
    },
    /sum to 1.2/,
  ],
  ['a negative share', { canaries: [{ variant: 'other', share: -0.1 }] }, /canaries.0.share/],
  ['a huge share', '{"canaries": [{"variant": "other", "share": 1e999}]}', /canaries.0.share/],
  [
    'an unknown variant',
    { canaries: [{ variant: 'none', share: 0.1 }] },
    /it has default, other, same, wide/,
  ],
  [
    'other tensors',
    { canaries: [{ variant: 'wide', share: 0.1 }] },
    /takes or gives other tensors .*: output 'logits' is FP32 \[batch,7\], the baseline's FP32 \[batch,4\]/,
  ],
  ['the default', { canaries: [{ variant: 'default', share: 0.1 }] }, /is what answers already/],
])('a plan with %s is a clear error', async (_, plan, message) => {
  const refused = await server.admin('mlp', 'PUT', plan);
  expect(refused.status).toBe(400);
  expect(await readJson(refused)).toEqual({ error: expect.stringMatching(message) });
  expect((await server.admin('mlp', 'GET')).status).toBe(404);
});

it('a rollout of a model that is not there is 404, another verb 405, a huge body 413', async () => {
  const plan = { shadow: { variant: 'other', share: 1 } };
  expect((await server.admin('nobody', 'PUT', plan)).status).toBe(404);
  expect((await server.admin('nobody', 'GET')).status).toBe(404);
  expect((await server.admin('a%2Fb', 'PUT', plan)).status).toBe(404);
  expect((await server.admin('mlp', 'POST', plan)).status).toBe(405);
  expect((await server.admin('mlp', 'PUT', ' '.repeat(100_000))).status).toBe(413);
});

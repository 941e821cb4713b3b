import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../src/inference/metadata.ts';
import type { IndexEntry } from '../../src/inference/served.ts';
import {
  addModel,
  coupledModel,
  garbage,
  identityModel,
  int4Model,
  poisonModel,
  sequenceModel,
  slowModel,
  truncated,
} from '../support/onnx/models.ts';
import { fp32Request, readJson, startTestServer, type TestServer } from '../support/start-server.ts';

const post = (url: string, body: string, signal?: AbortSignal): Promise<Response> =>
  fetch(url, { method: 'POST', body, ...(signal === undefined ? {} : { signal }) });

describe('a server over a repository', () => {
  let test: TestServer;

  beforeAll(async () => {
    test = await startTestServer({
      'add/1/model.onnx': addModel(),
      'identity/1/model.onnx': identityModel('FP32'),
      'coupled/1/model.onnx': coupledModel(),
      'poison/1/model.onnx': poisonModel(),
      'sequence/1/model.onnx': sequenceModel(),
      'slow/1/model.onnx': slowModel({ size: 1024 }),
      'slow/model.json': JSON.stringify({ maxBatchSize: 0, maxQueueSize: 2, instances: 1, coalesce: 'off' }),
      'window/1/model.onnx': slowModel({ size: 1024 }),
      'window/model.json': JSON.stringify({
        maxQueueDelayMicroseconds: 1000,
        maxBatchSize: 0,
        maxQueueSize: 2,
        instances: 1,
        coalesce: 'off',
      }),
      'garbage/1/model.onnx': garbage(),
      'garbage/model.json': JSON.stringify({ required: false }),
      'cut/1/model.onnx': truncated(),
      'cut/model.json': JSON.stringify({ required: false }),
      'int4/1/model.onnx': int4Model(),
      'int4/model.json': JSON.stringify({ required: false }),
      'accelerated/1/model.onnx': addModel(),
      'accelerated/model.json': JSON.stringify({ required: false, executionProviders: ['cuda', 'cpu'] }),
    });
  });

  afterAll(async () => {
    await test[Symbol.asyncDispose]();
  });

  const infer = (model: string, body: string, signal?: AbortSignal) =>
    post(`${test.rest}/v2/models/${model}/infer`, body, signal);

  it('answers what the model computes', async () => {
    const response = await infer('add', fp32Request({ a: [[1, 2, 3, 4]], b: [[10, 20, 30, 40]] }));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      model_name: 'add',
      model_version: '1',
      outputs: [{ name: 'sum', datatype: 'FP32', shape: [1, 4], data: [11, 22, 33, 44] }],
    });
    expect(response.headers.get('server-timing')).toMatch(/queue;dur=.*compute_infer;dur=/);
  });

  it('answers a request larger than the largest batch whole', async () => {
    const rows = Array.from({ length: 100 }, (_, row) => [row, row, row]);
    const response = await infer('identity', fp32Request({ x: rows }));
    expect(await response.json()).toMatchObject({ outputs: [{ shape: [100, 3], data: rows.flat() }] });
  });

  it('serves a model whose rows depend on each other unbatched, and says so', async () => {
    const config = await readJson<ModelConfig>(fetch(`${test.rest}/v2/models/coupled/config`));
    expect(config.max_batch_size).toBe(0);
    expect(config.parameters['batching']?.string_value).toMatch(/^off: .*'y'/);
  });

  it('fails only the request that the model refuses, not its batch mates', async () => {
    const lookUp = (index: number) =>
      infer(
        'poison',
        JSON.stringify({ inputs: [{ name: 'index', datatype: 'INT64', shape: [1, 1], data: [index] }] }),
      );
    const answers = await Promise.all([0, 1, 99, 3, 4, 99, 6].map(lookUp));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 200, 200, 400, 200]);
    expect(await readJson(answers[2] as Response)).toMatchObject({
      error: expect.stringMatching(/Gather.*99/),
    });
    expect(await readJson(answers[1] as Response)).toMatchObject({ outputs: [{ data: [2, 3] }] });
  });

  it('is full when a model that is batched by size and delay refuses', async () => {
    const request = fp32Request({ x: [[1, 2, 3, 4]] });
    const answers = await Promise.all(Array.from({ length: 24 }, () => infer('window', request)));
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    expect(await test.metric('sluice_saturation')).toBeGreaterThan(1);
  });

  it('refuses at once with 429 and Retry-After what does not fit into the queue', async () => {
    const request = fp32Request({ x: [[1, 2, 3, 4]] });
    const answers = await Promise.all(Array.from({ length: 24 }, () => infer('slow', request)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(24);
    for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await (refused[0] as Response).json()).toHaveProperty('error', expect.stringMatching(/queue/));
  });

  it('drops a request whose client went away, and answers its neighbours', async () => {
    const request = fp32Request({ x: [[1, 2, 3, 4]] });
    const canceled = 'sluice_requests_total{model="slow",version="1",variant="default",code="canceled"}';
    const before = await test.metric(canceled);
    const abort = new AbortController();
    const neighbours = [infer('slow', request), infer('slow', request)];
    const waiting = () => test.metric('sluice_queue_depth{model="slow",version="1",variant="default"}');
    await expect.poll(waiting, { interval: 10 }).toBe(1);
    const gone = infer('slow', request, abort.signal).catch((error: Error) => error.name);
    await expect.poll(waiting, { interval: 10 }).toBe(2);
    abort.abort();
    expect(await gone).toBe('AbortError');
    expect((await Promise.all(neighbours)).map(({ status }) => status)).toEqual([200, 200]);
    await expect.poll(() => test.metric(canceled)).toBe(before + 1);
  });

  it('answers 504 for a request that could not start before its timeout', async () => {
    const body = JSON.stringify({
      ...JSON.parse(fp32Request({ x: [[1, 2, 3, 4]] })),
      parameters: { timeout: 1 },
    });
    const response = await infer('slow', body);
    expect(response.status).toBe(504);
  });

  it('shows broken models as UNAVAILABLE with the reason, and stays ready without those that are not required', async () => {
    const index = await readJson<IndexEntry[]>(post(`${test.rest}/v2/repository/index`, ''));
    const broken = new Map(
      index.filter(({ state }) => state === 'UNAVAILABLE').map(({ name, reason }) => [name, reason]),
    );
    expect([...broken.keys()].sort()).toEqual(['accelerated', 'cut', 'garbage', 'int4']);
    expect(broken.get('accelerated')).toMatch(/cuda/);
    expect(broken.get('int4')).toMatch(/INT4/);
    expect((await fetch(`${test.rest}/v2/health/ready`)).status).toBe(200);
    expect((await fetch(`${test.admin}/readyz`)).status).toBe(200);
    expect((await infer('garbage', '{"inputs":[]}')).status).toBe(503);
  });

  it('serves the tensor outputs of a model that also has a sequence', async () => {
    const response = await infer('sequence', fp32Request({ x: [[1, 2, 3, 4]] }));
    expect(await response.json()).toMatchObject({ outputs: [{ name: 'y', data: [1, 2, 3, 4] }] });
    const config = await readJson<ModelConfig>(fetch(`${test.rest}/v2/models/sequence/config`));
    expect(config.parameters['omitted_outputs']?.string_value).toBe('pieces');
  });

  it('counts an unknown model under a label that no client chose', async () => {
    const series = 'sluice_requests_total{model="unknown",version="",variant="",code="not_found"}';
    const before = await test.metric(series);
    await infer('no-such-model', '{"inputs":[]}');
    expect(await test.metric(series)).toBe(before + 1);
    expect((await post(`${test.rest}/models/no-such-model`, '{"inputs":"text"}')).status).toBe(404);
    expect(await test.metric(series)).toBe(before + 2);
    const half = { name: 'x', datatype: 'FP16', shape: [1], data: [1] };
    await infer('no-such-model', JSON.stringify({ inputs: [half] }));
    expect(await test.metric(series)).toBe(before + 3);
  });
});

describe('readiness', () => {
  it('stays false while a required model is broken, and the others are served', async () => {
    await using test = await startTestServer({
      'add/1/model.onnx': addModel(),
      'broken/1/model.onnx': garbage(),
      'typo/1/model.onnx': addModel(),
      'typo/model.json': JSON.stringify({ maxBatchSise: 4 }),
    });
    expect((await fetch(`${test.rest}/v2/health/live`)).status).toBe(200);
    expect((await fetch(`${test.rest}/v2/health/ready`)).status).toBe(503);
    expect(await readJson(fetch(`${test.admin}/readyz`))).toMatchObject({
      ready: false,
      reasons: [expect.stringMatching(/'broken'/), expect.stringMatching(/'typo'.*maxBatchSise/)],
    });
    const response = await post(
      `${test.rest}/v2/models/add/infer`,
      fp32Request({ a: [[1, 2, 3, 4]], b: [[1, 1, 1, 1]] }),
    );
    expect(response.status).toBe(200);
  });
});

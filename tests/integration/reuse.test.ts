import { expect, test } from 'vitest';
import type { ModelStatistics } from '../../src/inference/statistics.ts';
import { addModel, identityModel, randomModel, scaleModel, slowModel } from '../support/onnx/models.ts';
import { fp32Request, readJson, startTestServer, type TestServer } from '../support/start-server.ts';

const CACHE = ['--response-cache-bytes', '1000000'];
const CACHED = JSON.stringify({ responseCache: true });
const EXPLICIT = ['--model-control-mode', 'explicit', '--load-models', '*'];

const infer = (test: TestServer, model: string, body: string): Promise<Response> =>
  fetch(`${test.rest}/v2/models/${model}/infer`, { method: 'POST', body });

interface Answer {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly outputs: readonly { readonly data: readonly unknown[] }[];
}

const answerOf = async (test: TestServer, model: string, body: string): Promise<Answer> =>
  readJson<Answer>(infer(test, model, body));

const statisticsOf = async (test: TestServer, model: string): Promise<ModelStatistics | undefined> => {
  const { model_stats } = await readJson<{ model_stats: ModelStatistics[] }>(
    fetch(`${test.rest}/v2/models/${model}/stats`),
  );
  return model_stats[0];
};

const series = (name: string, model: string, more = ''): string =>
  `${name}{model="${model}",version="1",variant="default"${more}}`;

test('identical concurrent requests run the session once, different ones each', async () => {
  await using server = await startTestServer({
    'slow/1/model.onnx': slowModel({ size: 512 }),
    'slow/model.json': JSON.stringify({ instances: 1 }),
  });
  const body = fp32Request({ x: [[1, 1, 1, 1]] });
  const answers = await Promise.all([
    ...Array.from({ length: 8 }, () => infer(server, 'slow', body)),
    infer(server, 'slow', fp32Request({ x: [[2, 2, 2, 2]] })),
  ]);
  const shared = answers.filter(({ headers }) => headers.get('x-sluice-coalesced') === 'true');
  const bodies = await Promise.all(answers.map((answer) => readJson<Answer>(answer)));
  expect(new Set(bodies.slice(0, 8).map(({ outputs }) => JSON.stringify(outputs))).size).toBe(1);
  expect(bodies.filter(({ parameters }) => parameters['coalesced'] === true)).toHaveLength(shared.length);
  const rows = 'sluice_batch_size_sum';
  expect(await server.metric(series(rows, 'slow'))).toBe(9 - shared.length);
  expect(await server.metric(series('sluice_requests_coalesced_total', 'slow'))).toBe(shared.length);
  expect(shared.length).toBeGreaterThan(0);
  expect((await statisticsOf(server, 'slow'))?.inference_count).toBe(9 - shared.length);
});

test('repeats are answered from the cache, and counted', async () => {
  await using server = await startTestServer({ 'add/1/model.onnx': addModel(), 'add/model.json': CACHED }, [
    ...CACHE,
    '--triton-metrics',
    'true',
  ]);
  const body = fp32Request({ a: [[1, 2, 3, 4]], b: [[1, 1, 1, 1]] });
  const first = await infer(server, 'add', body);
  const second = await infer(server, 'add', body);
  expect([first.headers.get('x-sluice-cached'), second.headers.get('x-sluice-cached')]).toEqual([
    null,
    'true',
  ]);
  expect(second.headers.get('x-sluice-batch-size')).toBe('0');
  expect(await readJson(second)).toMatchObject({
    parameters: { cached: true },
    outputs: [{ data: [2, 3, 4, 5] }],
  });
  const lookups = (result: string) =>
    series('sluice_response_cache_lookups_total', 'add', `,result="${result}"`);
  expect(await server.metric(lookups('hit'))).toBe(1);
  expect(await server.metric(lookups('miss'))).toBe(1);
  expect(await server.metric(series('sluice_batch_size_count', 'add'))).toBe(1);
  expect(await server.metric('sluice_response_cache_entries')).toBe(1);
  expect(await server.metric('nv_cache_num_hits_per_model{model="add",version="1"}')).toBe(1);
  expect(await statisticsOf(server, 'add')).toMatchObject({
    inference_count: 1,
    execution_count: 1,
    inference_stats: {
      success: { count: 2 },
      compute_infer: { count: 1 },
      cache_hit: { count: 1 },
      cache_miss: { count: 1 },
    },
  });
});

test("top classes are taken from the kept answer, each request's own", async () => {
  await using server = await startTestServer(
    { 'm/1/model.onnx': identityModel('FP32'), 'm/model.json': CACHED },
    CACHE,
  );
  const ask = (classification?: number) =>
    answerOf(
      server,
      'm',
      JSON.stringify({
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 3, 2] }],
        ...(classification === undefined ? {} : { outputs: [{ name: 'y', parameters: { classification } }] }),
      }),
    );
  expect((await ask()).outputs[0]?.data).toEqual([1, 3, 2]);
  const two = await ask(2);
  expect([two.parameters['cached'], two.outputs[0]?.data]).toEqual([true, ['3:1', '2:2']]);
  expect((await ask(1)).outputs[0]?.data).toEqual(['3:1']);
});

test('a file that was replaced never answers again', async () => {
  await using server = await startTestServer({ 'm/1/model.onnx': scaleModel(2), 'm/model.json': CACHED }, [
    ...CACHE,
    ...EXPLICIT,
  ]);
  const body = fp32Request({ x: [[1, 2, 3]] });
  const data = async () => (await answerOf(server, 'm', body)).outputs[0]?.data;
  const control = (action: string) =>
    fetch(`${server.rest}/v2/repository/models/m/${action}`, { method: 'POST' });
  expect([await data(), await data()]).toEqual([
    [2, 4, 6],
    [2, 4, 6],
  ]);
  await server.write({ 'm/1/model.onnx': scaleModel(3) });
  await control('load');
  expect(await data()).toEqual([3, 6, 9]);
  await control('unload');
  await server.write({ 'm/1/model.onnx': scaleModel(5) });
  expect(await server.metric('sluice_response_cache_bytes')).toBe(0);
  await control('load');
  expect(await data()).toEqual([5, 10, 15]);
});

test('the cache stays within its bytes', async () => {
  const limit = 20_000;
  await using server = await startTestServer(
    { 'm/1/model.onnx': identityModel('FP32', 'width'), 'm/model.json': CACHED },
    ['--response-cache-bytes', String(limit)],
  );
  for (let value = 0; value < 40; value++) {
    const row = Array.from({ length: 1 + (value % 4) * 50 }, () => value);
    expect((await answerOf(server, 'm', fp32Request({ x: [row] }))).outputs[0]?.data).toEqual(row);
  }
  const bytes = await server.metric('sluice_response_cache_bytes');
  expect(bytes).toBeGreaterThan(limit / 2);
  expect(bytes).toBeLessThanOrEqual(limit);
  expect(await server.metric('sluice_response_cache_evictions_total')).toBeGreaterThan(0);
  expect(await server.metric('sluice_response_cache_limit_bytes')).toBe(limit);
});

test('a model that draws random numbers does not share runs unless it is told to', async () => {
  await using server = await startTestServer({
    'dice/1/model.onnx': randomModel(),
    'forced/1/model.onnx': randomModel(),
    'forced/model.json': JSON.stringify({ coalesce: 'on' }),
  });
  const body = fp32Request({ x: [[0, 0, 0, 0]] });
  const drawn = async (model: string) => {
    const answers = Array.from({ length: 8 }, () => answerOf(server, model, body));
    return (await Promise.all(answers)).filter(({ parameters }) => parameters['coalesced'] === true).length;
  };
  expect(await drawn('dice')).toBe(0);
  expect(await drawn('forced')).toBeGreaterThan(0);
});

test('neither is used where the server or the model has it off', async () => {
  await using server = await startTestServer(
    { 'add/1/model.onnx': addModel(), 'other/1/model.onnx': addModel(), 'other/model.json': CACHED },
    ['--coalesce', 'false'],
  );
  const body = fp32Request({ a: [[1, 2, 3, 4]], b: [[1, 1, 1, 1]] });
  for (const model of ['add', 'other']) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => answerOf(server, model, body)));
    for (const { parameters } of answers) expect(parameters).not.toMatchObject({ coalesced: true });
    expect((await answerOf(server, model, body)).parameters).not.toHaveProperty('cached');
  }
});

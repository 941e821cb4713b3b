import { compressionAlgorithms, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import type { RunOptions } from '../../src/inference/runner.ts';
import { fakeDataPlane } from '../support/fake-data-plane.ts';
import { defaultModels, echoModel, FakeRegistry } from '../support/fake-registry.ts';
import { faultOf, GrpcClient } from '../support/grpc-client.ts';
import { startGrpc, vectorRequest } from '../support/start-grpc.ts';

const VALUES = Buffer.from(Float32Array.of(1, 2).buffer);

type Ended = [method: string, code: string];

let grpc: Awaited<ReturnType<typeof startGrpc>>;
const ended: Ended[] = [];

beforeAll(async () => {
  grpc = await startGrpc({
    maxMessageBytes: 64 * 1024,
    onRequestEnded: (method, code) => ended.push([method, code]),
  });
});

afterAll(() => grpc.close());

const unary = async (method: string, message = {}) => (await grpc.client.unary(method, message)).response;

describe('the server and its models', () => {
  test('liveness, readiness and metadata of the server', async () => {
    expect(await unary('ServerLive')).toEqual({ live: true });
    expect(await unary('ServerReady')).toEqual({ ready: true });
    expect(await unary('ServerMetadata')).toEqual({
      name: 'sluice',
      version: '0.0.0',
      extensions: ['binary_tensor_data'],
    });
  });

  test('a model is ready, not ready, or not found', async () => {
    expect(await unary('ModelReady', { name: 'add' })).toEqual({ ready: true });
    expect(await unary('ModelReady', { name: 'absent' })).toEqual({ ready: false });
    expect(await grpc.client.fault('ModelReady', { name: 'nobody' })).toMatchObject({
      code: status.NOT_FOUND,
    });
    const version = { name: 'add', version: '9' };
    expect(await grpc.client.fault('ModelReady', version)).toMatchObject({ code: status.NOT_FOUND });
  });

  test('metadata of a model has its versions, and -1 where a size varies', async () => {
    expect(await unary('ModelMetadata', { name: 'add', version: '1' })).toEqual({
      name: 'add',
      versions: ['1', '2'],
      platform: 'onnxruntime_onnx',
      inputs: ['A', 'B'].map((name) => ({ name, datatype: 'FP32', shape: ['-1', '4'] })),
      outputs: [{ name: 'SUM', datatype: 'FP32', shape: ['-1', '4'] }],
    });
  });

  test("the configuration is Triton's, as far as there is something to say", async () => {
    expect(await unary('ModelConfig', { name: 'add@int8' })).toMatchObject({
      config: {
        name: 'add',
        platform: 'onnxruntime_onnx',
        backend: 'onnxruntime',
        version_policy: { policy_choice: 'specific', specific: { versions: ['1', '2'] } },
        max_batch_size: 8,
        input: ['A', 'B'].map((name) => ({ name, data_type: 'TYPE_FP32', dims: ['4'] })),
        output: [{ name: 'SUM', data_type: 'TYPE_FP32', dims: ['4'] }],
        instance_group: [{ name: 'add_int8', kind: 'KIND_CPU', count: 1 }],
        default_model_filename: 'model.onnx',
        scheduling_choice: 'dynamic_batching',
        dynamic_batching: {
          default_queue_policy: { timeout_action: 'REJECT', allow_timeout_override: true },
        },
        parameters: { variant: { string_value: 'int8' } },
      },
    });
  });

  test('statistics are those of one version, of a model, or of all', async () => {
    const count = async (message: object) =>
      ((await unary('ModelStatistics', message)) as { model_stats: unknown[] }).model_stats.length;
    expect(await count({ name: 'add', version: '1' })).toBe(1);
    expect(await count({ name: 'add' })).toBe(2);
    expect(await count({})).toBeGreaterThan(2);
  });

  test('the repository lists, unloads and loads models', async () => {
    const registry = new FakeRegistry([echoModel('one', 'FP32', ''), echoModel('two', 'FP32', '')]);
    const own = await startGrpc({ dataPlane: fakeDataPlane(registry) });
    const index = async (ready: boolean) => (await own.client.unary('RepositoryIndex', { ready })).response;
    await own.client.unary('RepositoryModelUnload', { model_name: 'two' });
    expect(await index(true)).toEqual({
      models: [{ name: 'one', version: '1', state: 'READY', reason: '' }],
    });
    expect(await index(false)).toMatchObject({ models: [{}, { state: 'UNAVAILABLE', reason: 'unloaded' }] });
    await own.client.unary('RepositoryModelLoad', {
      model_name: 'two',
      parameters: { config: { string_param: '{}' } },
    });
    expect(await index(true)).toMatchObject({ models: [{ name: 'one' }, { name: 'two' }] });
    await own.close();
  });

  test.each([
    [
      'a file in a load',
      'RepositoryModelLoad',
      { parameters: { 'file:1/model.onnx': { bytes_param: Buffer.of(1) } } },
      status.UNIMPLEMENTED,
    ],
    [
      'a configuration that is no text',
      'RepositoryModelLoad',
      { parameters: { config: { bool_param: true } } },
      status.INVALID_ARGUMENT,
    ],
    ['a named repository', 'RepositoryIndex', { repository_name: 'other' }, status.UNIMPLEMENTED],
  ])('%s is refused', async (_, method, message, code) => {
    expect(await grpc.client.fault(method, { model_name: 'add', ...message })).toMatchObject({ code });
  });
});

describe('an inference', () => {
  test('answers with its id, and says in its trailers who answered and where the time went', async () => {
    const { response, trailers } = await grpc.client.unary('ModelInfer', vectorRequest('echo_vector', 'q7'), {
      metadata: { 'x-request-id': 'trace-1' },
    });
    expect(response).toMatchObject({
      model_name: 'echo_vector',
      model_version: '1',
      id: 'q7',
      raw_output_contents: [VALUES],
    });
    expect(trailers.getMap()).toMatchObject({
      'x-request-id': 'trace-1',
      'x-sluice-variant': 'default',
      'server-timing':
        'queue;dur=0.250, compute_input;dur=0.500, compute_infer;dur=1.000, compute_output;dur=0.125',
    });
  });

  test('a request without an id of its own gets one, also when it fails', async () => {
    const { metadata } = await grpc.client.fault('ModelInfer', vectorRequest('nobody'), {
      metadata: { 'x-request-id': 'not a good id' },
    });
    expect(metadata.get('x-request-id')).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  test('overload says when to come again', async () => {
    const { code, metadata } = await grpc.client.fault('ModelInfer', vectorRequest('full'));
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    expect(metadata.getMap()).toMatchObject({ 'retry-after': '2', 'grpc-retry-pushback-ms': '1500' });
  });

  test('bytes that are no message are INVALID_ARGUMENT, not INTERNAL', async () => {
    const garbage = grpc.client.raw('/inference.GRPCInferenceService/ModelInfer', Buffer.from('2a7f', 'hex'));
    expect(await faultOf(garbage)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/^malformed ModelInferRequest/),
    });
    const metadata = grpc.client.raw(
      '/inference.GRPCInferenceService/ModelMetadata',
      Buffer.from('0a7f', 'hex'),
    );
    expect(await faultOf(metadata)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/^malformed ModelMetadataRequest/),
    });
  });

  test('a method that is not served is UNIMPLEMENTED', async () => {
    const call = grpc.client.raw('/inference.GRPCInferenceService/TraceSetting', Buffer.of());
    expect(await faultOf(call)).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  test('every end is told once, with its code', async () => {
    ended.length = 0;
    await unary('ModelInfer', vectorRequest());
    await grpc.client.fault('ModelInfer', vectorRequest('late'));
    await grpc.client.fault('ModelInfer', vectorRequest('broken'));
    expect(ended).toEqual([
      ['ModelInfer', 'ok'],
      ['ModelInfer', 'deadline_exceeded'],
      ['ModelInfer', 'internal'],
    ]);
  });
});

describe('clients that do not wait', () => {
  /** A server whose one model waits until its request is given up, and says what it was told. */
  async function startHanging() {
    const running = Promise.withResolvers<number | undefined>();
    const aborted = Promise.withResolvers<void>();
    const codes = Promise.withResolvers<string>();
    const hang = {
      ...echoModel('hang', 'FP32', ''),
      run: (_: unknown, { signal, deadline }: RunOptions) =>
        new Promise<never>((_resolve, reject) => {
          running.resolve(deadline);
          signal?.addEventListener('abort', {
            handleEvent: () => {
              aborted.resolve();
              reject(new InferenceError('canceled', 'the client is gone'));
            },
          });
        }),
    };
    const server = await startGrpc({
      dataPlane: fakeDataPlane(new FakeRegistry([hang])),
      onRequestEnded: (_method, code) => codes.resolve(code),
    });
    return { ...server, running: running.promise, aborted: aborted.promise, code: codes.promise };
  }

  test('a cancelled call is aborted where it waits', async () => {
    const { client, running, aborted, code, close } = await startHanging();
    let cancel = () => {};
    const fault = client.fault('ModelInfer', vectorRequest('hang'), { started: (stop) => (cancel = stop) });
    await running;
    cancel();
    expect(await fault).toMatchObject({ code: status.CANCELLED });
    await aborted;
    expect(await code).toBe('canceled');
    await close();
  });

  test('a deadline goes along with the request, and ends it', async () => {
    const { client, running, aborted, close } = await startHanging();
    const start = performance.now();
    const fault = client.fault('ModelInfer', vectorRequest('hang'), { deadline: Date.now() + 150 });
    const deadline = await running;
    expect(deadline).toBeGreaterThan(start);
    expect(deadline).toBeLessThan(start + 1000);
    expect(await fault).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await aborted;
    await close();
  });

  test('an answered call is not aborted afterwards', async () => {
    let signal: RunOptions['signal'];
    const model = {
      ...echoModel('echo', 'FP32', ''),
      run: (_: unknown, options: RunOptions) => {
        signal = options.signal;
        return new Map();
      },
    };
    const own = await startGrpc({ dataPlane: fakeDataPlane(new FakeRegistry([model])) });
    await own.client.fault('ModelInfer', vectorRequest('echo'));
    await own.close();
    expect(signal?.aborted).toBe(false);
  });
});

describe('limits', () => {
  const vector = (length: number) => ({
    ...vectorRequest(),
    inputs: [{ name: 'input', datatype: 'FP32', shape: [length] }],
    raw_input_contents: [Buffer.alloc(4 * length)],
  });

  test('a message beyond the limit is RESOURCE_EXHAUSTED, and the server goes on', async () => {
    expect(await grpc.client.fault('ModelInfer', vector(17_000))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    expect(await unary('ModelInfer', vector(10_000))).toMatchObject({ model_name: 'echo_vector' });
  });

  test('gzip is taken, and its inflated size counts', async () => {
    const options = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };
    const client = new GrpcClient(grpc.port, { options });
    const { response } = await client.unary('ModelInfer', vector(10_000));
    expect(response).toMatchObject({ raw_output_contents: [Buffer.alloc(40_000)] });
    expect(await client.fault('ModelInfer', vector(17_000))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    client.close();
  });
});

test('every model of the fake registry has metadata and a configuration that can be encoded', async () => {
  for (const { name, state } of defaultModels()) {
    if (state !== undefined) continue;
    expect(await unary('ModelMetadata', { name })).toMatchObject({ name });
    expect(await unary('ModelConfig', { name })).toMatchObject({ config: { name } });
  }
});

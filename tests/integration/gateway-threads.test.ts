import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { InferenceRequest } from '../../src/inference/types.ts';
import type { TensorMap } from '../../src/tensor/tensor.ts';
import { echoModel, FakeRegistry } from '../support/fake-registry.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { addModel, identityModel } from '../support/onnx/models.ts';
import { stallPost } from '../support/rest-client.ts';
import { startGatewayThreads } from '../support/start-gateway-threads.ts';
import { vectorRequest } from '../support/start-grpc.ts';
import { fp32Request, startTestServer } from '../support/start-server.ts';

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Over a connection of its own, so that any thread may get it. */
function ask(url: string, body?: string): Promise<Reply> {
  const agent = new Agent({ keepAlive: false });
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: body === undefined ? 'GET' : 'POST', agent }, async (response) => {
      const parts = (await response.toArray()) as Buffer[];
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** As many that one of two threads hardly gets all. */
const askOften = (url: string, body?: string): Promise<Reply[]> =>
  Promise.all(Array.from({ length: 24 }, () => ask(url, body)));

const statuses = (replies: readonly Reply[]): number[] => replies.map(({ status }) => status);
const all = (status: number): number[] => Array.from({ length: 24 }, () => status);

const VECTOR = JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape: [2], data: [1, 2] }] });

/** One model whose runs end when the test says so, or when nobody waits for them; `begun` when so many have begun. */
function held(count: number) {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  let runs = 0;
  const registry = new FakeRegistry([
    {
      ...echoModel('held', 'FP32', ''),
      run: async (inputs: TensorMap, { signal }: Pick<InferenceRequest, 'signal'>) => {
        const gone = new Promise<void>((resolve) =>
          signal?.addEventListener('abort', { handleEvent: resolve }),
        );
        void gone.then(aborted.resolve);
        if (++runs === count) begun.resolve();
        await Promise.race([ended.promise, gone]);
        return new Map([...inputs].map(([, tensor]) => ['output', tensor] as const));
      },
    },
  ]);
  return { registry, begun: begun.promise, aborted: aborted.promise, end: ended.resolve };
}

describe('gateway threads', () => {
  it('all know what is loaded when a load or unload is answered', async () => {
    const flags = ['--model-control-mode', 'explicit', '--load-models', 'm', '--gateway-threads', '2'];
    await using test = await startTestServer({ 'm/1/model.onnx': identityModel('FP32') }, flags);
    await test.write({ 'other/1/model.onnx': addModel() });
    expect(await ask(`${test.rest}/v2/repository/models/other/load`, '')).toMatchObject({ status: 200 });
    expect(statuses(await askOften(`${test.rest}/v2/models/other`))).toEqual(all(200));
    expect(await ask(`${test.rest}/v2/repository/models/other/unload`, '')).toMatchObject({ status: 200 });
    expect(statuses(await askOften(`${test.rest}/v2/models/other`))).toEqual(all(503));
    await test.write({ 'm/2/model.onnx': identityModel('FP32') });
    expect(await ask(`${test.rest}/v2/repository/models/m/load`, '')).toMatchObject({ status: 200 });
    const replies = await askOften(`${test.rest}/v2/models/m`);
    expect(replies.map(({ body }) => JSON.parse(body))).toEqual(
      all(200).map(() => expect.objectContaining({ versions: ['2'] })),
    );
  });

  it('know what is not loaded, and why', async () => {
    const flags = ['--model-control-mode', 'explicit', '--load-models', 'm,absent', '--gateway-threads', '2'];
    const files = { 'm/1/model.onnx': identityModel('FP32'), 'bad/1/model.onnx': 'no model' };
    await using test = await startTestServer(files, flags);
    expect(statuses(await askOften(`${test.rest}/v2/health/ready`))).toEqual(all(503));
    await ask(`${test.rest}/v2/repository/models/absent/unload`, '');
    expect(statuses(await askOften(`${test.rest}/v2/health/ready`))).toEqual(all(200));
    await test.write({ 'bad/model.json': '{"nonsense": 1}' });
    expect(await ask(`${test.rest}/v2/repository/models/bad/load`, '')).toMatchObject({ status: 400 });
    for (const { status, body } of await askOften(`${test.rest}/v2/models/bad`)) {
      expect(status).toBe(503);
      expect(body).toContain("unknown key 'nonsense'");
    }
  });

  it('count their requests where the metrics and statistics are', async () => {
    await using test = await startTestServer({ 'm/1/model.onnx': identityModel('FP32') }, [
      '--gateway-threads',
      '2',
      '--coalesce',
      'false',
    ]);
    const body = fp32Request({ x: [[1, 2, 3]] });
    expect(statuses(await askOften(`${test.rest}/v2/models/m/infer`, body))).toEqual(all(200));
    await ask(`${test.rest}/v2/models/nobody/infer`, body);
    const route = 'transport="rest",operation="/v2/models/:model/infer"';
    await expect.poll(() => test.metric(`sluice_transport_requests_total{${route},code="200"}`)).toBe(24);
    expect(await test.metric('sluice_event_loop_active_seconds_total{thread="gateway-1"}')).toBeGreaterThan(
      0,
    );
    const { body: statistics } = await ask(`${test.rest}/v2/models/m/stats`);
    expect(JSON.parse(statistics)).toMatchObject({
      model_stats: [{ inference_count: 24, inference_stats: { success: { count: 24 } } }],
    });
  });

  it('share the limit of requests of a client', async () => {
    await using started = await startGatewayThreads({ rateLimit: { max: 5, timeWindowMs: 3_600_000 } });
    const replies = await askOften(`${started.base}/v2/models`);
    expect(statuses(replies).sort()).toEqual([...all(200).slice(0, 5), ...all(429).slice(5)]);
    expect(statuses(await askOften(`${started.base}/v2/health/live`))).toEqual(all(200));
  });

  it('share the limit of bytes at hand', async () => {
    await using started = await startGatewayThreads({ maxInFlightBytes: 300_000 });
    const path = '/v2/models/echo_vector/infer';
    const url = started.base + path;
    const long = VECTOR + ' '.repeat(200_000);
    const stalled = stallPost(started.gateways.addresses.http, path, 250_000);
    await expect.poll(async () => (await ask(url, long)).status).toBe(429);
    expect(statuses(await askOften(url, long))).toEqual(all(429));
    expect(statuses(await askOften(url, VECTOR))).toEqual(all(200));
    stalled[Symbol.dispose]();
    await expect.poll(async () => (await ask(url, long)).status).toBe(200);
  });

  it('tell the main thread when a client is gone', async () => {
    const { registry, begun, aborted } = held(1);
    await using started = await startGatewayThreads({}, registry);
    const { http } = started.gateways.addresses;
    const client = connect(http.port, http.host);
    client.write(
      `POST /v2/models/held/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${VECTOR.length}\r\n\r\n${VECTOR}`,
    );
    await begun;
    client.destroy();
    await aborted;
  });

  it('finish what they have accepted when they close, and take nothing more', async () => {
    const { registry, begun, end } = held(2);
    const started = await startGatewayThreads({}, registry);
    const url = `${started.base}/v2/models/held/infer`;
    const client = new GrpcClient(started.grpcPort);
    const accepted = [ask(url, VECTOR), client.unary('ModelInfer', vectorRequest('held'))] as const;
    await begun;
    const closed = started.gateways.close(60_000);
    await expect.poll(() => ask(url, VECTOR).catch(({ code }) => code)).toBe('ECONNREFUSED');
    end();
    expect(await accepted[0]).toMatchObject({ status: 200 });
    expect((await accepted[1]).response).toMatchObject({ model_name: 'held' });
    await closed;
    client.close();
  });

  it('cut what does not end in time, and count it before they are gone', async () => {
    const { registry, begun } = held(4);
    const counted: number[] = [];
    const rest = (_route: string, status: string | number) => void counted.push(Number(status));
    const started = await startGatewayThreads({ onRequestEnded: { rest, grpc: () => {} } }, registry);
    const cut = Array.from({ length: 4 }, () => ask(`${started.base}/v2/models/held/infer`, VECTOR));
    await begun;
    await Promise.all([started.gateways.close(0), Promise.allSettled(cut)]);
    expect(counted).toEqual([499, 499, 499, 499]);
  });

  it('do not share a port with the other protocol', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    await expect(startGatewayThreads({ httpPort: port, grpcPort: port })).rejects.toThrow(/EADDRINUSE/);
  });

  it('say when somebody has their port', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(startGatewayThreads({ grpcPort: port })).rejects.toThrow(/EADDRINUSE/);
    await using started = await startGatewayThreads();
    const { http } = started.gateways.addresses;
    await expect(startGatewayThreads({ httpPort: http.port })).rejects.toThrow(/EADDRINUSE/);
    taken.close();
  });
});

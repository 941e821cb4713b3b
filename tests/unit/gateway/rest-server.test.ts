import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, describe, expect, it, test } from 'vitest';
import { ByteBudget } from '../../../src/gateway/byte-budget.ts';
import type { RequestEnded, RestServerOptions } from '../../../src/gateway/rest-server.ts';
import type { RunOptions } from '../../../src/inference/runner.ts';
import { fakeDataPlane } from '../../support/fake-data-plane.ts';
import { echoModel, type FakeModel, FakeRegistry } from '../../support/fake-registry.ts';
import { postChunks, startRest, VECTOR } from '../../support/rest-client.ts';

const running: { server: { close(): Promise<void> } }[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ server }) => server.close()));
});

async function start(options: Partial<RestServerOptions> = {}) {
  const rest = await startRest(options);
  running.push(rest);
  return rest;
}

/** A model whose runs the test sees and ends. */
function heldModel() {
  const started = Promise.withResolvers<RunOptions>();
  const release = Promise.withResolvers<void>();
  const echo = echoModel('held', 'FP32', '');
  const model: FakeModel = {
    ...echo,
    async run(inputs, options) {
      started.resolve(options);
      await release.promise;
      return echo.run(inputs, options);
    },
  };
  return {
    started: started.promise,
    release: release.resolve,
    dataPlane: fakeDataPlane(new FakeRegistry([model])),
  };
}

const INFER = '/v2/models/echo_vector/infer';
const BODY = JSON.stringify(VECTOR);

const zeros = (count: number) =>
  JSON.stringify({
    inputs: [{ name: 'input', shape: [count], datatype: 'FP32', data: Array(count).fill(0) }],
  });

describe('bodies', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('may come in %s', async (encoding, compress) => {
    const { call } = await start();
    const headers = { 'content-encoding': encoding };
    expect(await call(INFER, { method: 'POST', body: compress(BODY), headers })).toMatchObject({
      status: 200,
      json: { outputs: [{ data: [1, 2] }] },
    });
  });

  it.each([
    ['not gzip at all', Buffer.from(BODY), 'gzip', 400],
    ['cut off', gzipSync(BODY).subarray(0, 30), 'gzip', 400],
    ['an encoding we do not have', Buffer.from(BODY), 'br', 415],
    ['larger than the limit once inflated', gzipSync(Buffer.alloc(1_000_000, 0x20)), 'gzip', 413],
  ])('that are %s are refused', async (_, body, encoding, expected) => {
    const { call } = await start({ bodyLimit: 10_000 });
    const headers = { 'content-encoding': encoding };
    const { status, json } = await call(INFER, { method: 'POST', body, headers });
    expect(status).toBe(expected);
    expect(json).toEqual({ error: expect.any(String) });
  });

  it('over the limit are refused with the limit, announced or not', async () => {
    const { call, base } = await start({ bodyLimit: 1000 });
    const error = { error: 'request body is larger than the limit of 1000 bytes' };
    const announced = await call(INFER, { method: 'POST', body: Buffer.from(zeros(1000)) });
    expect(announced).toMatchObject({ status: 413, json: error });
    const { status, text } = await postChunks(base + INFER, Array(20).fill(' '.repeat(100)));
    expect([status, JSON.parse(text)]).toEqual([413, error]);
  });

  it('that would not fit beside nothing are too long, not too many', async () => {
    const { call } = await start({ bodyLimit: 200_000, budget: new ByteBudget(100_000) });
    const post = (bytes: number) => call(INFER, { method: 'POST', body: Buffer.from(zeros(bytes)) });
    expect(await post(120_000)).toMatchObject({
      status: 413,
      json: { error: 'request body is larger than the limit of 100000 bytes' },
    });
    expect(await post(30_000)).toMatchObject({ status: 200 });
  });

  it('may come in very many small pieces', async () => {
    const { base } = await start();
    const body = zeros(20_000);
    const pieces = Array.from({ length: Math.ceil(body.length / 4) }, (_, index) =>
      body.slice(4 * index, 4 * index + 4),
    );
    expect(await postChunks(base + INFER, pieces)).toMatchObject({ status: 200 });
  });

  it('leave compressed when they are large and the client asks', async () => {
    const { base } = await start();
    const headers = { 'accept-encoding': 'br, gzip;q=0.5' };
    const response = await fetch(base + INFER, { method: 'POST', body: Buffer.from(zeros(20_000)), headers });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('vary')).toBe('accept-encoding');
    expect(await response.json()).toMatchObject({ outputs: [{ shape: [20_000] }] });
  });

  it('leave compressed in binary too, and their header length is of the inflated bytes', async () => {
    const { base } = await start();
    const sent = JSON.stringify({ ...JSON.parse(zeros(20_000)), parameters: { binary_data_output: true } });
    const answer = await postRaw(base + INFER, sent, { 'accept-encoding': 'gzip' });
    const length = Number(answer.headers['inference-header-content-length']);
    const inflated = gunzipSync(answer.body);
    expect(inflated.byteLength).toBe(length + 80_000);
    expect(JSON.parse(inflated.subarray(0, length).toString())).toHaveProperty('outputs');
  });

  it.each(['identity', 'gzip;q=0, deflate;q=0.0', 'br'])('leave as they are for %s', async (accepted) => {
    const { base } = await start();
    const headers = { 'accept-encoding': accepted };
    const response = await fetch(base + INFER, { method: 'POST', body: Buffer.from(zeros(20_000)), headers });
    expect(response.headers.get('content-encoding')).toBeNull();
  });
});

test('a compressed body that is broken and that nobody reads harms nobody', async () => {
  const { server, call } = await start();
  const { promise, resolve } = Promise.withResolvers<number>();
  const headers = { 'content-encoding': 'gzip', 'content-length': 5 };
  const path = '/docs/static/index.css';
  const asking = request({ ...server.address, path, headers }, ({ statusCode }) => resolve(statusCode ?? 0));
  asking.end('xxxxx');
  expect(await promise).toBe(200);
  expect(await call('/v2')).toMatchObject({ status: 200 });
});

describe('requests', () => {
  it("keep the client's id where it is safe, and get one where not", async () => {
    const { call } = await start();
    const id = async (given?: string) => {
      const { headers } = await call(
        '/v2',
        given === undefined ? {} : { headers: { 'x-request-id': given } },
      );
      return headers.get('x-request-id');
    };
    expect(await id('trace-1:a/b')).toBe('trace-1:a/b');
    expect(await id('two words')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await id('x'.repeat(200))).toMatch(/^[0-9a-f-]{36}$/);
    expect(await id()).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('whose client leaves are cancelled', async () => {
    const { started, release, dataPlane } = heldModel();
    const ended = Promise.withResolvers<Parameters<RequestEnded>>();
    const { base } = await start({ dataPlane, onRequestEnded: (...args) => ended.resolve(args) });
    const leaving = new AbortController();
    const request = fetch(`${base}/v2/models/held/infer`, {
      method: 'POST',
      body: Buffer.from(BODY),
      signal: leaving.signal,
    });
    const { signal } = await started;
    expect(signal?.aborted).toBe(false);
    leaving.abort();
    await expect(request).rejects.toThrow();
    if (signal?.aborted !== true)
      await new Promise<void>((handleEvent) => signal?.addEventListener('abort', { handleEvent }));
    release();
    expect((await ended.promise).slice(0, 2)).toEqual(['/v2/models/:model/infer', 499]);
  });

  it('may bring a deadline', async () => {
    const { started, release, dataPlane } = heldModel();
    const { infer } = await start({ dataPlane });
    const before = performance.now();
    const answer = infer('held', VECTOR, { 'x-request-timeout-ms': '60000' });
    const { deadline = 0 } = await started;
    expect(deadline).toBeGreaterThanOrEqual(before + 60_000);
    expect(deadline).toBeLessThanOrEqual(performance.now() + 60_000);
    release();
    expect(await answer).toMatchObject({ status: 200 });
  });

  it('are told to the metrics by route pattern, never by path', async () => {
    const seen: unknown[][] = [];
    const done = Promise.withResolvers<void>();
    const { call } = await start({
      onRequestEnded: (route, status, seconds, bytesIn) => {
        seen.push([route, status, seconds > 0, bytesIn]);
        if (seen.length === 3) done.resolve();
      },
    });
    await call(INFER, { method: 'POST', body: Buffer.from(BODY) });
    await call('/v2/models/nobody');
    await call('/secret/path');
    await done.promise;
    expect(seen).toEqual([
      ['/v2/models/:model/infer', 200, true, BODY.length],
      ['/v2/models/:model', 404, true, 0],
      ['unknown', 404, true, 0],
    ]);
  });

  it('beyond the rate of an address are refused, health is not', async () => {
    const { call } = await start({ rateLimit: { max: 2, timeWindowMs: 60_000 } });
    expect(await call('/v2')).toMatchObject({ status: 200 });
    expect(await call('/v2')).toMatchObject({ status: 200 });
    const { status, headers, json } = await call('/v2');
    expect([status, json]).toEqual([429, { error: 'more than 2 requests in 60000 ms' }]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await call('/v2/health/live')).toMatchObject({ status: 200 });
    expect(await call('/v2/models/add/ready')).toMatchObject({ status: 200 });
  });
});

describe('the end', () => {
  it('lets accepted requests finish, ends their connections and takes no new one', async () => {
    const { started, release, dataPlane } = heldModel();
    const { server, base, infer } = await start({ dataPlane });
    const accepted = infer('held', VECTOR);
    await started;
    const closing = server.close();
    await expect(fetch(`${base}/v2`)).rejects.toThrow();
    release();
    const { status, headers } = await accepted;
    expect([status, headers.get('connection')]).toEqual([200, 'close']);
    await closing;
  });

  it('is announced on every answer from the drain on, while requests are still served', async () => {
    const { server, call } = await start();
    expect((await call('/v2')).headers.get('connection')).toBe('keep-alive');
    server.drain();
    const { status, headers } = await call('/v2');
    expect([status, headers.get('connection')]).toEqual([200, 'close']);
  });

  it('ends idle connections', async () => {
    const { server } = await start();
    const socket = connect(server.address.port, '127.0.0.1');
    socket.write('GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    await server.close();
    await once(socket, 'close');
  });

  it('waits no longer than its grace for a body that does not come', async () => {
    const { server, call } = await start();
    const socket = connect(server.address.port, '127.0.0.1');
    socket.write(`POST ${INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{`);
    // Answered on another connection: the head of this one has been read by then.
    expect((await call('/v2')).status).toBe(200);
    await server.close(50);
    await once(socket, 'close');
  });
});

describe('the log', () => {
  it('names a fault of ours with its cause, and never what a client sent', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
    const { call, infer } = await start({ logger });
    expect(await infer('broken', VECTOR)).toMatchObject({ status: 500, json: { error: 'internal error' } });
    await infer('echo_vector', { inputs: [{ ...VECTOR.inputs[0], datatype: 'payload\u001b[31m' }] });
    await call('/v2/models/%1b%5b31m');
    const [fault, ...refusals] = lines.map((line) => JSON.parse(line));
    expect(fault).toMatchObject({ level: 50, err: { message: 'secret of the implementation' } });
    expect(refusals.map(({ level }) => level)).toEqual([20, 20]);
    for (const line of lines) expect(line.trimEnd()).not.toMatch(/payload|u001b|\p{Cc}/u);
  });
});

async function postRaw(url: string, body: string, headers: Record<string, string>) {
  const sending = request(url, { method: 'POST', headers });
  sending.end(body);
  const [response] = await once(sending, 'response');
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return { headers: response.headers as NodeJS.Dict<string>, body: Buffer.concat(parts) };
}

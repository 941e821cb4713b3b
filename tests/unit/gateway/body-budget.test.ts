import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { ByteBudget } from '../../../src/gateway/byte-budget.ts';
import { postChunks, stallPost, startRest, VECTOR } from '../../support/rest-client.ts';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

const LIMIT = 300_000;
const INFER = '/v2/models/echo_vector/infer';

/** A request of so many bytes or a little more. */
const bodyOf = (bytes: number): string => JSON.stringify(VECTOR) + ' '.repeat(bytes);

async function start() {
  const rest = await startRest({ budget: new ByteBudget(LIMIT) });
  running.push(rest.server);
  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    rest.call(INFER, { method: 'POST', body, headers });
  return { ...rest, post };
}

/** Sends a body but for its last byte, and waits until the server has seen that. */
async function stall({ server, post }: Awaited<ReturnType<typeof start>>, bytes: number) {
  const stalled = stallPost(server.address, INFER, bytes);
  await expect.poll(async () => (await post(bodyOf(200_000))).status).toBe(429);
  return stalled;
}

describe('bodies that would take more than the limit together', () => {
  test('are refused while others are at hand, small ones never, and not any more when those are gone', async () => {
    const rest = await start();
    const stalled = await stall(rest, 150_000);
    const refused = await rest.post(bodyOf(200_000));
    expect(refused).toMatchObject({
      status: 429,
      json: { error: expect.stringContaining(`${LIMIT} bytes`) },
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await rest.post(bodyOf(0))).status).toBe(200);
    stalled[Symbol.dispose]();
    await expect.poll(async () => (await rest.post(bodyOf(200_000))).status).toBe(200);
  });

  test('keep nobody out with what they announce and do not send', async () => {
    const budget = new ByteBudget(LIMIT);
    const rest = await startRest({ budget });
    running.push(rest.server);
    const stalled = Array.from({ length: 4 }, () => stallPost(rest.server.address, INFER, 250_000, 1000));
    await expect.poll(() => budget.held).toBe(4000);
    expect((await rest.call(INFER, { method: 'POST', body: bodyOf(200_000) })).status).toBe(200);
    for (const each of stalled) each[Symbol.dispose]();
    await expect.poll(() => budget.held).toBe(0);
  });

  test('are answered where they stop to fit while they come, and their connection goes on', async () => {
    const budget = new ByteBudget(LIMIT);
    const { server } = await startRest({ budget });
    running.push(server);
    const socket = connect(server.address.port, server.address.host);
    socket.write(`POST ${INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n${' '.repeat(1000)}`);
    await expect.poll(() => budget.held).toBe(1000);
    budget.take(LIMIT - 2000);
    socket.write(' '.repeat(2000));
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 429 /);
    await expect.poll(() => budget.held).toBe(LIMIT - 2000);
    socket.write(`${' '.repeat(197_000)}GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    expect(budget.held).toBe(LIMIT - 2000);
    socket.destroy();
  });

  test('that nobody reads may go beyond', async () => {
    const budget = new ByteBudget(LIMIT);
    const { server } = await startRest({ budget });
    running.push(server);
    budget.take(LIMIT);
    const socket = connect(server.address.port, server.address.host);
    socket.write(
      `GET /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n${' '.repeat(0x8000)}\r\n`,
    );
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  test('count with what they are inflated, and as they come where they do not say how long they are', async () => {
    const rest = await start();
    const stalled = await stall(rest, 150_000);
    const inflated = await rest.post(gzipSync(bodyOf(200_000)), { 'content-encoding': 'gzip' });
    expect(inflated.status).toBe(429);
    const chunks = Array<string>(20).fill(' '.repeat(10_000));
    expect(await postChunks(rest.base + INFER, chunks)).toMatchObject({ status: 429 });
    stalled[Symbol.dispose]();
    await expect.poll(async () => (await rest.post(bodyOf(200_000))).status).toBe(200);
    const small = await rest.post(gzipSync(bodyOf(0)), { 'content-encoding': 'gzip' });
    expect(small.status).toBe(200);
  });

  test('do not count what still comes of one that was answered unread', async () => {
    const { server, post } = await start();
    const socket = connect(server.address.port, server.address.host);
    const chunk = `8000\r\n${' '.repeat(0x8000)}\r\n`;
    socket.write('GET /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
    // The next answer on the connection tells that the body has come whole.
    socket.write(`${chunk.repeat(20)}0\r\n\r\nGET /v2 HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'data');
    expect((await post(bodyOf(200_000))).status).toBe(200);
    socket.destroy();
  });

  test('do not count where the client went before the body was to be read', async () => {
    const budget = new ByteBudget(LIMIT);
    const asked = Promise.withResolvers<void>();
    const counted = Promise.withResolvers<{ current: number; ttl: number }>();
    const count = () => {
      asked.resolve();
      return counted.promise;
    };
    const gone = Promise.withResolvers<void>();
    const rest = await startRest({
      budget,
      rateLimit: { max: 9, timeWindowMs: 1000, count },
      onRequestEnded: () => gone.resolve(),
    });
    running.push(rest.server);
    const stalled = stallPost(rest.server.address, INFER, 150_000, 1);
    await asked.promise;
    stalled[Symbol.dispose]();
    await gone.promise;
    counted.resolve({ current: 1, ttl: 1000 });
    expect((await rest.call(INFER, { method: 'POST', body: bodyOf(0) })).status).toBe(200);
    expect(budget.held).toBe(0);
  });

  test('are given back when they are answered', async () => {
    const { post } = await start();
    for (let request = 0; request < 5; request++) expect((await post(bodyOf(200_000))).status).toBe(200);
  });
});

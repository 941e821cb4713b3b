import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ByteBudget } from '../../../src/gateway/byte-budget.ts';
import type { RestServerOptions } from '../../../src/gateway/rest-server.ts';
import { startRest, VECTOR } from '../../support/rest-client.ts';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

/** More than the system takes for a client that does not read. */
const LONG = 40_000_000;
const INFER = '/v2/models/echo_vector/infer';
const LONG_VECTOR = JSON.stringify({
  inputs: [{ name: 'input', shape: [LONG / 4], datatype: 'FP32', parameters: { binary_data_size: LONG } }],
  parameters: { binary_data_output: true },
});

/** A server, and a client that sends a long vector and reads no more than the beginning of the answer. */
async function start(options: Partial<RestServerOptions> = {}) {
  const budget = new ByteBudget(2.2 * LONG);
  const rest = await startRest({ budget, ...options });
  running.push(rest.server);
  const socket = connect(rest.server.address.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `POST ${INFER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: ${LONG_VECTOR.length + LONG}\r\n` +
      `Inference-Header-Content-Length: ${LONG_VECTOR.length}\r\n\r\n${LONG_VECTOR}`,
  );
  socket.write(Buffer.alloc(LONG));
  await once(socket, 'readable');
  const post = async (bytes: number) => {
    const body = JSON.stringify(VECTOR) + ' '.repeat(bytes);
    return (await rest.call(INFER, { method: 'POST', body })).status;
  };
  return { socket, budget, post };
}

describe('a long answer that is not read', () => {
  test('counts as the bodies do, and no more when its client has gone', async () => {
    const { socket, budget, post } = await start();
    expect(budget.held).toBeGreaterThan(2 * LONG);
    expect(await post(LONG / 4)).toBe(429);
    expect(await post(0)).toBe(200);
    socket.destroy();
    await expect.poll(() => budget.held).toBe(0);
    expect(await post(LONG / 4)).toBe(200);
  });

  test('counts no more when it has been read', async () => {
    const { socket, budget } = await start();
    socket.resume();
    await expect.poll(() => budget.held).toBe(0);
    socket.destroy();
  });

  test('ends its connection in the end', async () => {
    const ended = Promise.withResolvers<number>();
    const { budget } = await start({
      unreadTimeout: 10,
      onRequestEnded: (_route, status) => ended.resolve(status),
    });
    expect(await ended.promise).toBe(499);
    await expect.poll(() => budget.held).toBe(0);
  });
});

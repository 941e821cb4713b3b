import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InferenceError } from '../../../src/errors.ts';
import type { EarlyRequest } from '../../../src/inference/served.ts';
import { fakeDataPlane } from '../../support/fake-data-plane.ts';
import { ADD_MODEL, FakeRegistry } from '../../support/fake-registry.ts';
import { startRest, VECTOR } from '../../support/rest-client.ts';

const asked: [EarlyRequest, boolean][] = [];
const overload = () =>
  new InferenceError('resource_exhausted', 'there is more work than can be done in time', {
    reason: 'overload',
    retryAfter: 3,
  });
const busy = {
  ...ADD_MODEL,
  name: 'busy',
  variants: ['default', 'int8'],
  refusal: (request: EarlyRequest, pinned: boolean) => {
    asked.push([request, pinned]);
    return overload();
  },
};

let rest: Awaited<ReturnType<typeof startRest>>;
beforeAll(async () => {
  rest = await startRest({ dataPlane: fakeDataPlane(new FakeRegistry([busy])) });
});
afterAll(() => rest.server.close());

test('a request to a model that refuses is answered before its body has come', async () => {
  const socket = connect(rest.server.address.port, '127.0.0.1');
  socket.write('POST /v2/models/busy/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
  const [head] = await once(socket, 'data');
  expect(String(head)).toMatch(/^HTTP\/1\.1 429 .*\r\nretry-after: 3\r\n/s);
  socket.destroy();
});

test('its connection takes the next request when the body has passed', async () => {
  const socket = connect(rest.server.address.port, '127.0.0.1');
  socket.write('POST /v2/models/busy/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n');
  await once(socket, 'data');
  socket.write('{ }\nGET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n');
  const [head] = await once(socket, 'data');
  expect(String(head)).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
});

test('what arrives together is judged first and answered then', async () => {
  const order: string[] = [];
  const logger = pino({ level: 'debug' }, { write: () => order.push('answered') });
  const refusal = () => {
    order.push('judged');
    return overload();
  };
  const dataPlane = fakeDataPlane(new FakeRegistry([{ ...busy, refusal }]));
  const { server } = await startRest({ dataPlane, logger });
  const socket = connect(server.address.port, '127.0.0.1');
  socket.write('POST /v2/models/busy/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'.repeat(2));
  await once(socket, 'data');
  expect(order).toEqual(['judged', 'judged', 'answered', 'answered']);
  socket.destroy();
  await server.close();
});

test('the model is told the deadline from the arrival, and whether the variant was named', async () => {
  asked.length = 0;
  // The first request of a server: what came before a later one can move its arrival back.
  const fresh = await startRest({ dataPlane: fakeDataPlane(new FakeRegistry([busy])) });
  const before = performance.now();
  await fresh.infer('busy@int8', {}, { 'x-request-timeout-ms': '5000' });
  await fresh.infer('busy', {});
  const [[named, pinned] = [], [free, open] = []] = asked;
  expect([pinned, open]).toEqual([true, false]);
  expect(named?.deadline).toBeGreaterThanOrEqual(before + 5000);
  expect(named?.deadline).toBeLessThanOrEqual(performance.now() + 5000);
  expect(free?.deadline).toBeUndefined();
  await fresh.server.close();
});

test('the model is told the bytes of the body where they are those that will be read', async () => {
  asked.length = 0;
  const body = JSON.stringify(VECTOR);
  const send = (headers: Record<string, string>) =>
    fetch(`${rest.base}/v2/models/busy/infer`, { method: 'POST', body, headers });
  await send({});
  await send({ 'content-encoding': 'gzip' });
  expect(asked.map(([{ bodyBytes }]) => bodyBytes)).toEqual([body.length, undefined]);
});

test('a bad deadline and an unknown variant are told as ever', async () => {
  expect((await rest.infer('busy', {}, { 'x-request-timeout-ms': '-1' })).status).toBe(400);
  expect((await rest.infer('busy@none', VECTOR)).status).toBe(404);
});

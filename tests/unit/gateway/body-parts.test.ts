import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type FastifyRequest, fastify } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { freeBodyParts, keepBodyParts } from '../../../src/gateway/body-parts.ts';

const LARGEST = 1_000_000;

const opened: { close(): PromiseLike<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

/** What a request left behind: its parts, its body, and its parts after they were freed. */
interface Received {
  readonly parts: readonly Buffer<ArrayBuffer>[];
  readonly body: Buffer;
}

async function send(method: string, body: Buffer, headers: Record<string, string | number>) {
  const app = fastify();
  opened.push(app);
  const received: Received[] = [];
  const kept: FastifyRequest[] = [];
  keepBodyParts(app, LARGEST);
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    kept.push(request);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (request, content, done) => {
    const parts = [...(request.bodyParts ?? [])];
    freeBodyParts(request);
    received.push({ parts, body: content });
    done(null, content);
  });
  app.route({ method: ['GET', 'POST'], url: '/', handler: () => 'ok' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const request = httpRequest({ host: '127.0.0.1', port, method, headers });
  request.end(body);
  const [answer] = await once(request, 'response');
  answer.resume();
  await once(answer, 'end');
  return { received, kept };
}

const BODY = Buffer.alloc(300_000, 'abc');

test('the parts of a long body are freed when it is whole, and it is', async () => {
  const { received } = await send('POST', BODY, { 'content-length': BODY.length });
  expect(received).toHaveLength(1);
  const [{ parts, body } = { parts: [], body: Buffer.alloc(0) }] = received;
  expect(body.equals(BODY)).toBe(true);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.every(({ buffer }) => buffer.detached)).toBe(true);
});

test('of a body that is answered unread, nothing is kept when it is answered', async () => {
  const app = fastify();
  opened.push(app);
  keepBodyParts(app, LARGEST);
  const kept = Promise.withResolvers<FastifyRequest>();
  app.addHook('preHandler', (request, _reply, done) => {
    kept.resolve(request);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.post('/', (_request, reply) => reply.code(415).send('unread'));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${LARGEST}\r\n\r\n${'a'.repeat(LARGEST / 2)}`);
  const { bodyParts } = await kept.promise;
  await once(socket, 'data');
  await expect.poll(() => bodyParts).toEqual([]);
  // The next answer on the connection tells that the body has come whole.
  socket.write(`${'a'.repeat(LARGEST / 2)}GET / HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, 'data');
  expect(bodyParts).toEqual([]);
  socket.destroy();
});

test.each([
  ['short ones', 'POST', BODY.subarray(0, 60_000), { 'content-length': 60_000 }],
  ['those that do not say how long they are', 'POST', BODY, { 'transfer-encoding': 'chunked' }],
  ['those that others inflate', 'POST', BODY, { 'content-length': BODY.length, 'content-encoding': 'gzip' }],
  ['those that are read by nobody', 'GET', BODY, { 'content-length': BODY.length }],
  ['those that are too long', 'POST', Buffer.alloc(LARGEST + 1), { 'content-length': LARGEST + 1 }],
])('%s have none', async (_name, method, body, headers) => {
  const { kept } = await send(method, body, headers);
  expect(kept).toHaveLength(1);
  expect(kept[0]?.bodyParts).toBeUndefined();
});

test('memory that others have a part of is left to them', () => {
  const whole = Buffer.from(new ArrayBuffer(10));
  const request = { bodyParts: [whole.subarray(0, 5)] } as unknown as FastifyRequest;
  freeBodyParts(request);
  expect(whole.buffer.detached).toBe(false);
});

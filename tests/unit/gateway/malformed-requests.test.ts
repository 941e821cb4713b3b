import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeDataPlane } from '../../support/fake-data-plane.ts';
import { echoModel, FakeRegistry } from '../../support/fake-registry.ts';
import { startRest, VECTOR } from '../../support/rest-client.ts';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

const BODY = JSON.stringify(VECTOR);
const post = (model: string, head: string, body: string): string =>
  `POST /v2/models/${model}/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${head}\r\n\r\n${body}`;
const VALID = post('held', `Content-Length: ${BODY.length}`, BODY);
const GARBAGE = 'GARBAGE\r\n\r\n';

/** A server with a model that answers when it is released, and a connection to it. */
async function start() {
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const echo = echoModel('held', 'FP32', '');
  const held: typeof echo = {
    ...echo,
    async run(inputs, options) {
      begun.resolve();
      await release.promise;
      return echo.run(inputs, options);
    },
  };
  const { server } = await startRest({ dataPlane: fakeDataPlane(new FakeRegistry([held])) });
  running.push(server);
  const socket = connect(server.address.port, '127.0.0.1');
  /** Everything that comes until the server ends the connection. */
  const read = async (): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part);
    return Buffer.concat(parts).toString();
  };
  return { socket, read, begun: begun.promise, release: release.resolve };
}

const statuses = (text: string): string[] =>
  Array.from(text.matchAll(/HTTP\/1\.1 (\d+)/g), ([, code = '']) => code);

describe('what is not HTTP', () => {
  test('gets an error in the form of all others', async () => {
    const { socket, read } = await start();
    socket.end('GET / HTTP/1.1\r\nbad header\r\n\r\n');
    expect(await read()).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\n\{"error":"malformed HTTP request"\}$/s);
  });

  test.each([1, 2])('is answered after %d requests that came before it', async (count) => {
    const { socket, read, begun, release } = await start();
    socket.write(VALID.repeat(count) + GARBAGE);
    await begun;
    // More of it is no other request.
    socket.write(GARBAGE);
    release();
    expect(statuses(await read())).toEqual([...Array(count).fill('200'), '400']);
  });

  test('is answered at once where the answer before is out', async () => {
    const { socket, read, release } = await start();
    release();
    socket.write(VALID);
    await once(socket, 'readable');
    socket.write(GARBAGE);
    expect(statuses(await read())).toEqual(['200', '400']);
  });

  test('is answered at once where it is in a body, and after the request before that', async () => {
    const chunked = `${post('held', 'Transfer-Encoding: chunked', '')}nothing\r\n`;
    const alone = await start();
    alone.socket.write(chunked);
    expect(statuses(await alone.read())).toEqual(['400']);
    const second = await start();
    second.socket.write(VALID + chunked);
    await second.begun;
    second.release();
    expect(statuses(await second.read())).toEqual(['200', '400']);
  });

  test('is not answered where it is in a body that was answered before', async () => {
    const { socket, read } = await start();
    socket.write('GET /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n \r\n');
    await once(socket, 'readable');
    socket.write('nothing\r\n');
    expect(statuses(await read())).toEqual(['200']);
  });
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startRest } from '../../support/rest-client.ts';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

/** Sends the head of a request and a part of its body, and gives the answer that comes at once. */
async function begin(length: number, part: string) {
  const { server } = await startRest({ bodyLimit: 1000 });
  running.push(server);
  const socket = connect(server.address.port, server.address.host);
  const head = `POST /v2/models/echo_vector/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;
  socket.write(head + part);
  const [answer] = await once(socket, 'data');
  return { socket, answer: String(answer) };
}

describe('a body over the limit', () => {
  it('is read past, so that a client that sends before it reads gets its answer', async () => {
    const { socket, answer } = await begin(10_000, ' '.repeat(2000));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).not.toMatch(/connection: close/i);
    socket.write(`${' '.repeat(8000)}GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n`);
    const [next] = await once(socket, 'data');
    expect(String(next)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it('ends its connection where it is far over', async () => {
    const { socket, answer } = await begin(16_001, '');
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*\r\nconnection: close\r\n/s);
    await once(socket, 'close');
  });
});

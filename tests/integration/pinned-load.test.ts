import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProcess, type TestProcess } from '../support/start-process.ts';

const LANES = 64;
const REQUESTS = 8000;

/** Variants of one model share the cores with each other and with other models: who is asked must get them. */
let server: TestProcess;
beforeAll(async () => {
  server = await startProcess(['--cores', '2', '--coalesce', 'false', '--state-dir', '']);
});
afterAll(() => server.stop());

test('one variant of many is answered under load, and so is another model after it', async () => {
  const ask = async (model: string): Promise<number> => {
    const response = await fetch(`${server.rest}/models/${model}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: 'how do i reset my pin number' }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  // Bytes on raw connections: a client that does little keeps the server as busy as it can be.
  const { hostname, port } = new URL(server.rest);
  const body = JSON.stringify({ inputs: 'how do i reset my pin number' });
  const head = `POST /models/intent@distilled_int8 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
  const request = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  let sent = 0;
  let answered = 0;
  const lane = async (): Promise<void> => {
    const socket = connect(Number(port), hostname);
    while (sent < REQUESTS) {
      sent += 1;
      socket.write(request);
      const [answer] = await once(socket, 'data');
      if (String(answer).startsWith('HTTP/1.1 200')) answered += 1;
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(answered).toBe(REQUESTS);
  expect(await ask('intent-tfidf')).toBe(200);
});

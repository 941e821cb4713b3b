import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createRestServer, type RestServer, type RestServerOptions } from '../../src/gateway/rest-server.ts';
import { fakeDataPlane, SILENT_LOGGER } from './fake-data-plane.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly json: Record<string, unknown>;
}

/** A REST server on a free port over the fake registry, with what a test changes. */
export async function startRest(options: Partial<RestServerOptions> = {}) {
  const server: RestServer = await createRestServer({
    dataPlane: fakeDataPlane(),
    host: '127.0.0.1',
    port: 0,
    logger: SILENT_LOGGER,
    ...options,
  });
  const base = `http://127.0.0.1:${server.address.port}`;
  return {
    server,
    base,
    call: (path: string, init?: RequestInit) => call(base + path, init),
    infer: (model: string, body: unknown, headers: Record<string, string> = {}) =>
      call(`${base}/v2/models/${model}/infer`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
  };
}

async function call(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const body = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get('content-type') ?? '';
  const json = type.startsWith('application/json') && body.byteLength > 0 ? JSON.parse(body.toString()) : {};
  return { status: response.status, headers: response.headers, body, json };
}

/** Posts the chunks one by one, without a content length, and reads the answer even if it comes early. */
export function postChunks(
  url: string,
  chunks: Iterable<string | Buffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof postChunks>>>();
  const sending = request(url, { method: 'POST', headers }, async (response) => {
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    resolve({
      status: response.statusCode ?? 0,
      text: Buffer.concat(parts).toString(),
      headers: response.headers,
    });
  });
  sending.on('error', reject);
  for (const chunk of chunks) sending.write(chunk);
  sending.end();
  return promise;
}

/** A valid request of `echo_vector`. */
export const VECTOR = { inputs: [{ name: 'input', shape: [2], datatype: 'FP32', data: [1, 2] }] };

/** A POST that declares so many bytes, of which so many come; sent again each time that it is answered, refused that is. */
export function stallPost(
  address: RestServer['address'],
  path: string,
  bytes: number,
  come = bytes - 1,
): Disposable {
  let socket: Socket;
  const send = (): void => {
    socket = connect(address.port, address.host);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n${' '.repeat(come)}`);
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.destroy();
      send();
    });
  };
  send();
  return { [Symbol.dispose]: () => void socket.destroy() };
}

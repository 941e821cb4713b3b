import { channel } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { afterEach, expect, test, vi } from 'vitest';
import { ByteBudget } from '../../../src/gateway/byte-budget.ts';
import { boundMessages } from '../../../src/gateway/message-budget.ts';
import { startGrpc, vectorRequest } from '../../support/start-grpc.ts';

const LIMIT = 300_000;
const LONG = 200_000;
/** Of no server. */
const PORT = -1;

const running: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.close();
});

/** A ModelInferRequest of so many bytes, and a little more. */
const requestOf = (bytes: number) => ({
  model_name: 'echo_vector',
  inputs: [{ name: 'input', datatype: 'FP32', shape: [bytes / 4] }],
  raw_input_contents: [Buffer.alloc(bytes)],
});

async function start() {
  const budget = new ByteBudget(LIMIT);
  const onRequestEnded = vi.fn();
  const grpc = await startGrpc({ budget, onRequestEnded });
  const session = connect(`http://127.0.0.1:${grpc.port}`);
  running.push(grpc, { close: () => session.destroy() });
  const infer = (bytes: number) => grpc.client.unary('ModelInfer', requestOf(bytes));
  return { ...grpc, budget, onRequestEnded, session, infer };
}

/** Opens a call. */
function open(session: ClientHttp2Session, method: string, type = 'application/grpc'): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/inference.GRPCInferenceService/${method}`,
    'content-type': type,
    te: 'trailers',
  });
  stream.on('error', () => {});
  return stream;
}

/** A prefix that declares so many bytes, and so many of them. */
function framed(declared: number, come: number): Buffer {
  const bytes = Buffer.alloc(5 + come);
  bytes.writeUInt32BE(declared, 1);
  return bytes;
}

function stall(session: ClientHttp2Session, method: string, declared: number, come: number) {
  const stream = open(session, method);
  stream.write(framed(declared, come));
  return stream;
}

test('messages that would take more than the limit together are refused, and small ones never', async () => {
  const { budget, session, infer, onRequestEnded } = await start();
  const stalled = stall(session, 'ModelInfer', LIMIT, 150_000);
  await vi.waitFor(() => expect(budget.held).toBe(150_000));
  await expect(infer(LONG)).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: `the messages, bodies and answers at hand would exceed ${LIMIT} bytes together`,
  });
  const [[method, code, , bytes] = []] = onRequestEnded.mock.calls;
  expect([method, code]).toEqual(['ModelInfer', 'resource_exhausted']);
  expect(bytes).toBeLessThanOrEqual(LONG);
  await infer(400);
  await infer(100_000);
  stalled.close(constants.NGHTTP2_CANCEL);
  await vi.waitFor(() => expect(budget.held).toBe(0));
  await infer(LONG);
});

test('one that is longer than all together may be is too long, not too many', async () => {
  const { budget, infer } = await start();
  await expect(infer(LIMIT + 1000)).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringMatching(/larger than max/),
  });
  expect(budget.held).toBe(0);
});

test('who announces much and sends little keeps nobody out', async () => {
  const { budget, session, infer } = await start();
  for (let call = 0; call < 4; call++) stall(session, 'ModelInfer', 60_000_000, 100);
  await infer(LONG);
  expect(budget.held).toBe(0);
});

test('a refused call says when to come back and whose it was, and is neither run nor told twice', async () => {
  const { budget, session, onRequestEnded } = await start();
  budget.take(LIMIT);
  const stream = stall(session, 'ModelInfer', 100_000, 90_000);
  const [headers] = await once(stream, 'response');
  expect(headers).toMatchObject({ 'grpc-status': '8', 'retry-after': '1', 'grpc-retry-pushback-ms': '1000' });
  expect(headers['x-request-id']).toMatch(/./);
  await once(stream.resume(), 'close');
  const unknown = stall(session, 'Nothing', 100_000, 90_000);
  expect((await once(unknown, 'response'))[0]).toMatchObject({ 'grpc-status': '12' });
  expect(onRequestEnded).toHaveBeenCalledOnce();
});

test('what a message took is given back when it has come, and with the stream that brought a part of it', async () => {
  const { budget, client, session, infer } = await start();
  for (let turn = 0; turn < 3; turn++) await infer(LONG);
  expect(budget.held).toBe(0);
  const stream = client.stream('ModelStreamInfer');
  for (let turn = 0; turn < 3; turn++) {
    stream.send(requestOf(LONG));
    await stream.next();
  }
  expect(budget.held).toBe(0);
  stream.end();
  stall(session, 'ModelStreamInfer', 100_000, 90_000);
  await vi.waitFor(() => expect(budget.held).toBe(90_000));
  session.destroy();
  await vi.waitFor(() => expect(budget.held).toBe(0));
});

test('a stream that was answered before is reset with a code that says the same', async () => {
  const { budget, client } = await start();
  const stream = client.stream('ModelStreamInfer');
  stream.send(vectorRequest());
  await stream.next();
  budget.take(LIMIT);
  stream.send(requestOf(LONG));
  expect(await stream.status).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});

/** A stream as Node tells of it, that nobody serves. */
class ToldStream extends EventEmitter {
  readonly session = { socket: { localPort: PORT } };
  closed = false;
  destroyed = false;
  writableEnded = false;
  readonly headersSent = false;
  readonly pause = vi.fn();
  readonly resume = vi.fn();
  readonly respond = vi.fn();
  readonly close = vi.fn();
}

function tell(budget: ByteBudget) {
  const onRefused = vi.fn();
  const bounds = boundMessages({
    budget,
    port: PORT,
    methods: new Map([['/s/Infer', 'Infer']]),
    largest: 1e6,
    onRefused,
  });
  running.push({ close: () => bounds[Symbol.dispose]() });
  const stream = new ToldStream();
  const headers = { ':path': '/s/Infer', 'content-type': 'application/grpc' };
  const publish = () => channel('http2.server.stream.created').publish({ stream, headers });
  return { bounds, stream, publish, onRefused };
}

test.for(['closed', 'destroyed', 'writableEnded'] as const)('a call that is %s is not answered', (how) => {
  const { stream, publish, onRefused } = tell(new ByteBudget(1000));
  publish();
  stream[how] = true;
  stream.emit('data', framed(100_000, 90_000));
  expect(stream.respond).not.toHaveBeenCalled();
  expect(stream.close).not.toHaveBeenCalled();
  expect(onRefused).not.toHaveBeenCalled();
});

test('nothing is read before somebody serves the call, and nothing is watched any more in the end', () => {
  const { bounds, stream, publish, onRefused } = tell(new ByteBudget(1000));
  publish();
  expect(stream.pause).toHaveBeenCalledOnce();
  stream.emit('data', framed(100_000, 90_000));
  expect(onRefused).toHaveBeenCalledOnce();
  bounds[Symbol.dispose]();
  publish();
  expect(stream.listenerCount('data')).toBe(0);
});

test('a message beyond the longest is left to grpc-js, and so are other types and other servers', async () => {
  const { budget, session, client } = await start();
  const other = await startGrpc();
  running.push(other);
  budget.take(LIMIT);
  const longest = stall(session, 'ModelInfer', 65 * 1024 * 1024, 90_000);
  const [headers] = await once(longest, 'response');
  expect(headers['grpc-message']).toContain('larger%20than%20max');
  const json = open(session, 'ModelInfer', 'application/json');
  json.end(Buffer.alloc(90_000));
  expect((await once(json, 'response'))[0]).toMatchObject({ ':status': 415 });
  await once(json.resume(), 'close');
  await other.client.unary('ModelInfer', requestOf(LONG));
  await client.unary('ServerLive', {});
});

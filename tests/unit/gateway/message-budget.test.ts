import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { afterEach, expect, test, vi } from 'vitest';
import { ByteBudget } from '../../../src/gateway/byte-budget.ts';
import { startGrpc, vectorRequest } from '../../support/start-grpc.ts';

const LIMIT = 300_000;

const running: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.close();
});

async function start() {
  const budget = new ByteBudget(LIMIT);
  const onRequestEnded = vi.fn();
  const grpc = await startGrpc({ budget, onRequestEnded });
  const session = connect(`http://127.0.0.1:${grpc.port}`);
  running.push(grpc, { close: () => session.destroy() });
  const infer = (bytes: number) =>
    grpc.client.unary('ModelInfer', {
      model_name: 'echo_vector',
      inputs: [{ name: 'input', datatype: 'FP32', shape: [bytes / 4] }],
      raw_input_contents: [Buffer.alloc(bytes)],
    });
  return { ...grpc, budget, onRequestEnded, session, infer };
}

/** Opens a call, declares a message of so many bytes, and sends the first of them. */
function stall(session: ClientHttp2Session, method: string, bytes: number): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/inference.GRPCInferenceService/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const begin = Buffer.alloc(100);
  begin.writeUInt32BE(bytes, 1);
  stream.write(begin);
  return stream;
}

test('messages that would take more than the limit together are refused, and small ones never', async () => {
  const { budget, session, infer, onRequestEnded } = await start();
  const stalled = stall(session, 'ModelInfer', 150_000);
  await vi.waitFor(() => expect(budget.held).toBe(150_000));
  await expect(infer(200_000)).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: `the bodies of the requests at hand would exceed ${LIMIT} bytes together`,
  });
  expect(onRequestEnded).toHaveBeenCalledExactlyOnceWith(
    'ModelInfer',
    'resource_exhausted',
    0,
    expect.any(Number),
  );
  await infer(400);
  await infer(100_000);
  stalled.close(constants.NGHTTP2_CANCEL);
  await vi.waitFor(() => expect(budget.held).toBe(0));
  await infer(200_000);
});

test('a refused call says when to come back, and whose it was', async () => {
  const { budget, session, onRequestEnded } = await start();
  budget.take(LIMIT);
  const stream = stall(session, 'ModelInfer', 100_000);
  const [headers] = await once(stream, 'response');
  expect(headers).toMatchObject({ 'grpc-status': '8', 'retry-after': '1', 'grpc-retry-pushback-ms': '1000' });
  expect(headers['x-request-id']).toMatch(/./);
  await once(stream.resume(), 'close');
  expect(onRequestEnded).toHaveBeenCalledOnce();
  const unknown = stall(session, 'Nothing', 100_000);
  const [other] = await once(unknown, 'response');
  expect(other).toMatchObject({ 'grpc-status': '12' });
  expect(onRequestEnded).toHaveBeenCalledOnce();
});

test('what a message took is given back when it has come, and with the stream that brought a part of it', async () => {
  const { budget, client, session, infer } = await start();
  for (let turn = 0; turn < 3; turn++) await infer(200_000);
  expect(budget.held).toBe(0);
  const stream = client.stream('ModelStreamInfer');
  const long = { ...vectorRequest(), inputs: [{ name: 'input', datatype: 'FP32', shape: [50_000] }] };
  for (let turn = 0; turn < 3; turn++) {
    stream.send({ ...long, raw_input_contents: [Buffer.alloc(200_000)] });
    await stream.next();
  }
  expect(budget.held).toBe(0);
  stream.end();
  stall(session, 'ModelStreamInfer', 100_000);
  await vi.waitFor(() => expect(budget.held).toBe(100_000));
  session.destroy();
  await vi.waitFor(() => expect(budget.held).toBe(0));
});

test('a stream that was answered before is reset with a code that says the same', async () => {
  const { budget, client } = await start();
  const stream = client.stream('ModelStreamInfer');
  stream.send(vectorRequest());
  await stream.next();
  budget.take(LIMIT);
  stream.send({
    ...vectorRequest(),
    inputs: [{ name: 'input', datatype: 'FP32', shape: [50_000] }],
    raw_input_contents: [Buffer.alloc(200_000)],
  });
  expect(await stream.status).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});

test('a message beyond the longest is left to grpc-js, and other servers are left alone', async () => {
  const { budget, session } = await start();
  const other = await startGrpc();
  running.push(other);
  budget.take(LIMIT);
  const stream = stall(session, 'ModelInfer', 65 * 1024 * 1024);
  const [headers] = await once(stream, 'response');
  expect(headers['grpc-message']).toContain('larger%20than%20max');
  await other.client.unary('ModelInfer', {
    model_name: 'echo_vector',
    inputs: [{ name: 'input', datatype: 'FP32', shape: [50_000] }],
    raw_input_contents: [Buffer.alloc(200_000)],
  });
});

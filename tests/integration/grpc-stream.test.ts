import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { makeTensor, type TensorMap } from '../../src/tensor/tensor.ts';
import { fakeDataPlane } from '../support/fake-data-plane.ts';
import { defaultModels, echoModel, FakeRegistry } from '../support/fake-registry.ts';
import { startGrpc, vectorRequest } from '../support/start-grpc.ts';

/** A server with a model `held` whose runs end when the test calls the functions in `held`, and the fake ones. */
async function startHeld(limits = {}) {
  const held: (() => void)[] = [];
  const waiting = new Map<number, () => void>();
  const model = {
    ...echoModel('held', 'FP32', ''),
    run: (inputs: TensorMap) =>
      new Promise<TensorMap>((resolve) => {
        const output = inputs.get('input');
        held.push(() => resolve(output === undefined ? new Map() : new Map([['output', output]])));
        waiting.get(held.length)?.();
      }),
  };
  const dataPlane = fakeDataPlane(new FakeRegistry([...defaultModels(), model]));
  const server = await startGrpc({ dataPlane, limits });
  /** Settles when so many runs have started. */
  const started = (count: number) =>
    held.length >= count ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(count, resolve));
  return { ...server, held, started };
}

const answer = (id: string) => ({
  error_message: '',
  infer_response: {
    id,
    parameters: { triton_final_response: { bool_param: true } },
    raw_output_contents: [Buffer.from(Float32Array.of(1, 2).buffer)],
  },
});

test('answers come as they complete, each with the id of its request', async () => {
  const { client, held, started, close } = await startHeld();
  const stream = client.stream('ModelStreamInfer');
  stream.send(vectorRequest('held', 'slow'));
  stream.send(vectorRequest('echo_vector', 'quick'));
  expect(await stream.next()).toMatchObject(answer('quick'));
  await started(1);
  held[0]?.();
  expect(await stream.next()).toMatchObject(answer('slow'));
  stream.end();
  expect(await stream.next()).toBeUndefined();
  expect(await stream.status).toMatchObject({ code: status.OK });
  await close();
});

test('an error in the middle is a message of the stream, and the stream goes on', async () => {
  const { client, close } = await startHeld();
  const stream = client.stream('ModelStreamInfer');
  stream.send(vectorRequest('nobody', 'bad'));
  expect(await stream.next()).toMatchObject({
    error_message: "model 'nobody' is not in the repository",
    infer_response: { id: 'bad', outputs: [] },
  });
  stream.send(vectorRequest('echo_vector', 'good'));
  expect(await stream.next()).toMatchObject(answer('good'));
  stream.end();
  expect(await stream.status).toMatchObject({ code: status.OK });
  await close();
});

test('an answer that is too long is an error of its request, and the stream goes on', async () => {
  const bomb = {
    ...echoModel('bomb', 'FP32', ''),
    run: () => new Map([['output', makeTensor('FP32', [20_000], new Float32Array(20_000))]]),
  };
  const dataPlane = fakeDataPlane(new FakeRegistry([...defaultModels(), bomb]));
  const codes: string[] = [];
  const onRequestEnded = (_method: string, code: string) => codes.push(code);
  const { client, close } = await startGrpc({ dataPlane, maxMessageBytes: 64 * 1024, onRequestEnded });
  const stream = client.stream('ModelStreamInfer');
  stream.send(vectorRequest('bomb', 'long'));
  expect(await stream.next()).toMatchObject({
    error_message: expect.stringMatching(/^the answer has 80\d\d\d bytes, the limit of a message is 65536$/),
    infer_response: { id: 'long', outputs: [] },
  });
  stream.send(vectorRequest('echo_vector', 'short'));
  expect(await stream.next()).toMatchObject(answer('short'));
  stream.end();
  expect(await stream.status).toMatchObject({ code: status.OK });
  expect(await client.fault('ModelInfer', vectorRequest('bomb'))).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringMatching(/limit of a message is 65536$/),
  });
  expect(codes).toEqual(['payload_too_large', 'ok', 'payload_too_large']);
  await close();
});

test('a client that asks for it gets an error as the status of the stream', async () => {
  const { client, close } = await startHeld();
  const stream = client.stream('ModelStreamInfer', { triton_grpc_error: 'true', 'x-request-id': 'trace-2' });
  stream.send(vectorRequest('nobody', 'bad'));
  const { code, details, metadata } = await stream.status;
  expect({ code, details }).toEqual({
    code: status.NOT_FOUND,
    details: "model 'nobody' is not in the repository",
  });
  expect(metadata.get('x-request-id')).toEqual(['trace-2']);
  await close();
});

test('everything that was asked is answered before a half-closed stream ends', async () => {
  const { client, held, started, close } = await startHeld();
  const stream = client.stream('ModelStreamInfer');
  for (const id of ['a', 'b', 'c']) stream.send(vectorRequest('held', id));
  stream.end();
  await started(3);
  for (const finish of held.toReversed()) finish();
  for (const id of ['c', 'b', 'a']) expect(await stream.next()).toMatchObject(answer(id));
  expect(await stream.next()).toBeUndefined();
  await close();
});

test('a stream has no more requests in work than it may', async () => {
  const { client, held, started, close } = await startHeld({ maxStreamInFlight: 2 });
  const stream = client.stream('ModelStreamInfer');
  for (const id of ['a', 'b', 'c', 'd']) stream.send(vectorRequest('held', id));
  await started(2);
  // A call on the same connection, answered after the stream's messages have arrived.
  await client.unary('ServerLive', {});
  expect(held).toHaveLength(2);
  held[0]?.();
  expect(await stream.next()).toMatchObject(answer('a'));
  await started(3);
  expect(held).toHaveLength(3);
  held[1]?.();
  held[2]?.();
  await started(4);
  held[3]?.();
  stream.end();
  for (const id of ['b', 'c', 'd']) expect(await stream.next()).toMatchObject(answer(id));
  await close();
});

test('a cancelled stream gives up all of its requests', async () => {
  const { client, close, server } = await startHeld();
  const stream = client.stream('ModelStreamInfer');
  stream.send(vectorRequest('echo_vector', 'first'));
  await stream.next();
  stream.send(vectorRequest('hang', 'a'));
  stream.send(vectorRequest('hang', 'b'));
  stream.cancel();
  expect(await stream.status).toMatchObject({ code: status.CANCELLED });
  await server.close(5000);
  await close();
});

test('a drained stream answers what it has read, then ends as unavailable', async () => {
  const { client, held, started, close, server } = await startHeld();
  const stream = client.stream('ModelStreamInfer');
  stream.send(vectorRequest('held', 'accepted'));
  await started(1);
  server.drain();
  held[0]?.();
  expect(await stream.next()).toMatchObject(answer('accepted'));
  expect(await stream.status).toMatchObject({
    code: status.UNAVAILABLE,
    details: 'the server is shutting down',
  });
  await close();
});

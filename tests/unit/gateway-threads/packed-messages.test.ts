import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { InferenceError } from '../../../src/errors.ts';
import {
  packError,
  packRequest,
  unpackError,
  unpackRequest,
} from '../../../src/gateway-threads/packed-messages.ts';
import { Payload, unpack } from '../../../src/gateway-threads/packed-tensors.ts';
import { Cancellation } from '../../../src/inference/cancellation.ts';
import { makeTensor, type TensorMap } from '../../../src/tensor/tensor.ts';
import { monotonic } from '../../../src/workers/monotonic.ts';

/** What another thread gets. */
function sent<T>(message: T): T {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(message);
  const received = receiveMessageOnPort(port2)?.message as T;
  port1.close();
  return received;
}

const tensors = (seed: number): TensorMap =>
  new Map([
    ['flags', makeTensor('BOOL', [3], Uint8Array.of(1, 0, seed))],
    ['ids', makeTensor('INT64', [2], BigInt64Array.of(-1n, 2n ** 53n + BigInt(seed)))],
    ['words', makeTensor('BYTES', [2], ['a', `\u{1f600} ${seed}`])],
    // A part of a longer buffer, as what is decoded from a body is.
    ['part', makeTensor('FP32', [2], new Float32Array([0, 0.5, seed, 0]).subarray(1, 3))],
    ['none', makeTensor('FP32', [0, 4], new Float32Array(0))],
    ['scalar', makeTensor('FP16', [], Uint16Array.of(seed))],
  ]);

test('tensors of several requests share the bytes of one message, and come out as they went in', () => {
  const payload = new Payload();
  const packed = [payload.pack(tensors(7)), payload.pack(tensors(8))];
  const { bytes } = payload.take();
  expect(packed.map((each) => unpack(sent(each), bytes))).toEqual([tensors(7), tensors(8)]);
  expect(payload.take().bytes.byteLength).toBe(0);
});

test("long data has bytes of its own, so that who waits keeps nobody else's", () => {
  const payload = new Payload();
  const long = new Map([['x', makeTensor('UINT8', [70_000], new Uint8Array(70_000).fill(3))]]);
  const [first] = payload.pack(long);
  const packed = payload.pack(tensors(7));
  const { bytes, moved } = payload.take();
  expect(bytes.byteLength).toBeLessThan(200);
  expect(moved).toEqual([bytes, first?.data]);
  expect(unpack(packed, bytes)).toEqual(tensors(7));
  expect(unpack(first === undefined ? [] : [first], bytes)).toEqual(long);
  expect(payload.take().moved.length).toBe(1);
});

test('a request keeps what it says, and its times on the clock of each thread', () => {
  const payload = new Payload();
  const request = {
    model: 'add@int8',
    version: '2',
    id: 'a',
    parameters: new Map<string, string | bigint | boolean>([
      ['variant', 'int8'],
      ['big', 2n ** 60n],
      ['flag', true],
    ]),
    inputs: tensors(1),
    outputs: [{ name: 'sum', classification: 3 }],
    deadline: 1234.5,
    arrivedAt: 1000.25,
    key: 'k',
    client: '127.0.0.1',
    bodyBytes: 12,
  };
  const packed = sent(packRequest({ ...request, signal: new Cancellation() }, payload));
  const { deadline, arrivedAt, ...rest } = unpackRequest(packed, payload.take().bytes);
  const { deadline: _, arrivedAt: __, ...expected } = request;
  expect(rest).toEqual(expected);
  expect(deadline).toBeCloseTo(request.deadline, 3);
  expect(arrivedAt).toBeCloseTo(request.arrivedAt, 3);
  const ahead = monotonic() - performance.now();
  expect(Number(packed.deadline) - request.deadline - ahead).toBeCloseTo(0, 0);
  expect(Number(packed.arrivedAt) - request.arrivedAt - ahead).toBeCloseTo(0, 0);
});

test('an error keeps what clients are told, and for the log what it came from', () => {
  const refused = new InferenceError('resource_exhausted', 'full', { retryAfter: 1.5, reason: 'overload' });
  expect(unpackError(sent(packError(refused)))).toEqual(refused);
  const cause = new TypeError('secret');
  const broken = unpackError(sent(packError(new InferenceError('internal', 'internal error', { cause }))));
  expect(broken).toMatchObject({ code: 'internal', message: 'internal error' });
  expect((broken.cause as Error).stack).toBe(cause.stack);
});

import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import {
  Client,
  credentials,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import { LONG } from '../../../src/gateway/buffer-garbage.ts';
import { emptyWhenClosed } from '../../../src/gateway/ended-calls.ts';

/** A call as grpc-js has it, with somebody who waits for its end. */
function openCall() {
  const stream = new EventEmitter();
  const call = { call: { stream }, request: Buffer.alloc(1) };
  const seen: string[] = [];
  stream.on('data', () => seen.push('data'));
  stream.on('close', () => seen.push('close'));
  return { stream, call, seen };
}

test('a call with a long message is emptied when its stream is closed, and not before', async () => {
  const { stream, call, seen } = openCall();
  emptyWhenClosed(call, LONG);
  await setImmediate();
  stream.emit('data');
  stream.emit('close');
  expect(call.request).toBeDefined();
  await setImmediate();
  expect(call).toEqual({ call: undefined, request: undefined });
  stream.emit('data');
  expect(seen).toEqual(['data', 'close']);
  expect(() => stream.emit('error', new Error('late'))).not.toThrow();
});

test('one with short messages stays as it is, and so does one that is made in another way', async () => {
  const { stream, call } = openCall();
  emptyWhenClosed(call, LONG - 1);
  stream.emit('close');
  await setImmediate();
  expect(call.request).toBeDefined();
  expect(stream.listenerCount('data')).toBe(1);
  expect(() => emptyWhenClosed({}, LONG)).not.toThrow();
});

test.for(['answered', 'failed', 'cancelled'] as const)('grpc-js: a call that is %s', async (end) => {
  const asIs = (message: Buffer): Buffer => message;
  const path = '/test.Service/Call';
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  await using stack = new AsyncDisposableStack();
  const server = stack.adopt(new Server(), (each) => each.forceShutdown());
  const calls: ServerUnaryCall<Buffer, Buffer>[] = [];
  const came = Promise.withResolvers<void>();
  const handler: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
    calls.push(call);
    emptyWhenClosed(call, call.request.byteLength);
    came.resolve();
    if (end === 'answered') answer(null, call.request);
    if (end === 'failed') answer({ code: status.INVALID_ARGUMENT });
  };
  server.addService({ Call: method }, { Call: handler });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const client = stack.adopt(new Client(`127.0.0.1:${port}`, credentials.createInsecure()), (each) =>
    each.close(),
  );
  const ended = Promise.withResolvers<Buffer | undefined>();
  const sent = client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(LONG), (_error, message) =>
    ended.resolve(message),
  );
  await came.promise;
  if (end === 'cancelled') sent.cancel();
  expect((await ended.promise)?.byteLength).toBe(end === 'answered' ? LONG : undefined);
  await vi.waitFor(() => expect(calls[0]?.request).toBeUndefined());
});

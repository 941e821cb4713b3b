import type { Http2Stream } from 'node:http2';
import { LONG } from './buffer-garbage.ts';

/** Where grpc-js 1.14 keeps the stream of a call. */
interface GrpcCall {
  readonly call?: { readonly stream?: Http2Stream };
}

/**
 * Empties a call of grpc-js and its HTTP/2 stream once that is closed, so that a long message of it can be freed with the
 * young generation. V8 puts a function that is written where it is assigned to a property (`this.onwrite = () => ...`)
 * among the old objects at once, and what it closes over stays until the whole heap is looked through. Every writable
 * stream of Node has such a function, which closes over the stream; the call of grpc-js is a writable stream too, a unary
 * one as well, and each of them leads to the message.
 * @param bytes of a message of the call: a short one is not worth the trouble
 */
export function emptyWhenClosed(call: object, bytes: number): void {
  if (bytes < LONG) return;
  const stream = (call as GrpcCall).call?.stream;
  // Behind everyone else who waits for the end.
  stream?.once('close', () => setImmediate(empty, call, stream));
}

function empty(call: object, stream: Http2Stream): void {
  stream.removeAllListeners();
  // What fails after its end concerns nobody, and must not end the process.
  stream.on('error', ignore);
  for (const key of Reflect.ownKeys(call)) Reflect.set(call, key, undefined);
}

const ignore = (): void => {};

import { subscribe } from 'node:diagnostics_channel';
import type { Http2Stream } from 'node:http2';

/*
 * A function that is written where it is assigned to a property (`this.onwrite = () => ...`) is put among the old objects
 * by V8, and what it closes over outlives every collection of the young generation. Each writable stream of Node has such
 * a function, which closes over the stream. HTTP/2 streams and the calls of grpc-js are writable streams: with all that
 * they refer to, a request's message and the answer to it, they would wait until the whole heap is looked through.
 */

const watched = new Set<'server' | 'client'>();

/**
 * From now on, HTTP/2 streams of this process let go of who listened to them once they are closed: of all calls made
 * over them. Idempotent.
 */
export function emptyClosedStreams(side: 'server' | 'client'): void {
  if (watched.has(side)) return;
  watched.add(side);
  subscribe(`http2.${side}.stream.created`, (message) => {
    const { stream } = message as { readonly stream: Http2Stream };
    // Behind everyone else who waits for this.
    stream.once('close', () => setImmediate(letGo, stream));
  });
}

function letGo(stream: Http2Stream): void {
  stream.removeAllListeners();
  // What fails after its end concerns nobody, and must not end the process.
  stream.on('error', ignore);
}

const ignore = (): void => {};

/** Takes everything from an object that nobody needs any more, in the next turn of the event loop. */
export function emptyLater(object: object): void {
  setImmediate(empty, object);
}

function empty(object: object): void {
  for (const key of Reflect.ownKeys(object)) Reflect.set(object, key, undefined);
}

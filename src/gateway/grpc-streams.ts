import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** Node tells here of every HTTP/2 stream before anybody reads from it; grpc-js reads the same headers afterwards. */
const CREATED = 'http2.server.stream.created';

export interface CreatedStream {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

/** Tells of every new HTTP/2 stream of the process. */
export function watchStreams(created: (stream: CreatedStream) => void): Disposable {
  const listener = (event: unknown): void => created(event as CreatedStream);
  subscribe(CREATED, listener);
  return { [Symbol.dispose]: () => void unsubscribe(CREATED, listener) };
}

/** Whether it came to the server at that port. */
export const isOf = ({ stream }: CreatedStream, port: number): boolean =>
  stream.session?.socket.localPort === port;

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type ByteBudget, SMALL } from './byte-budget.ts';
import { errorStatus } from './grpc-call.ts';
import { MessageFrames } from './message-frames.ts';
import { requestIdOf } from './request-id.ts';

/** Node tells here of every HTTP/2 stream before anybody reads from it; grpc-js shows nothing of a message until it is whole. */
const CREATED = 'http2.server.stream.created';

export interface MessageBounds {
  readonly budget: ByteBudget;
  /** Of the server whose calls are meant. */
  readonly port: number;
  /** The methods whose calls are meant, by path; others are left to grpc-js. */
  readonly methods: ReadonlyMap<string, string>;
  /** Bytes of the longest message; a longer one is left for others to refuse. */
  readonly largest: number;
  /** Told of every call that was refused: its method, and the length that its message would have had. */
  readonly refused: (method: string, bytes: number) => void;
}

/**
 * Bounds the bytes of all messages that are being received: a request is admitted by what it asks only when it has been
 * read, and is counted by its tensors from then on. A call that would go beyond ends with `resource_exhausted` when the
 * length of its message is known, unread; a stream that has been answered before, by a reset that says the same.
 */
export function boundMessages(bounds: MessageBounds): Disposable {
  const watch = (event: unknown): void => {
    const { stream, headers } = event as Created;
    const method = bounds.methods.get(headers[':path'] ?? '');
    if (method !== undefined && stream.session?.socket.localPort === bounds.port)
      bound(stream, headers, method, bounds);
  };
  subscribe(CREATED, watch);
  return { [Symbol.dispose]: () => void unsubscribe(CREATED, watch) };
}

interface Created {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

function bound(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: string,
  { budget, largest, refused }: MessageBounds,
): void {
  let held = 0;
  const giveBack = (): void => {
    budget.give(held);
    held = 0;
  };
  const begins = (length: number): void => {
    if (length <= SMALL || length > largest) return;
    if (budget.take(length)) {
      held = length;
      return;
    }
    refuse(stream, headers, budget);
    refused(method, length);
  };
  const frames = new MessageFrames(begins, giveBack);
  stream.on('data', (part: Buffer) => frames.read(part));
  // Nothing is to be read before grpc-js listens too.
  stream.pause();
  stream.once('close', giveBack);
}

function refuse(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, budget: ByteBudget): void {
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  const requestId = requestIdOf(headers['x-request-id']);
  const { code, details, metadata } = errorStatus(budget.refusal(), { requestId });
  const answer = {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': String(code),
    'grpc-message': encodeURI(details),
    ...metadata.toHttp2Headers(),
  };
  stream.respond(answer, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { InferenceError } from '../errors.ts';
import { type ByteBudget, SMALL } from './byte-budget.ts';
import { errorStatus } from './grpc-call.ts';
import { isOf, watchStreams } from './grpc-streams.ts';
import { MessageFrames } from './message-frames.ts';
import { requestIdOf } from './request-id.ts';

export interface RefusedCall {
  readonly method: string;
  readonly requestId: string;
  readonly error: InferenceError;
  /** Bytes of its message that had come. */
  readonly bytes: number;
  readonly seconds: number;
}

export interface MessageBudgetOptions {
  readonly budget: ByteBudget;
  /** Of the server whose calls are meant. */
  readonly port: number;
  /** The methods whose calls are meant, by path; others are left to grpc-js. */
  readonly methods: ReadonlyMap<string, string>;
  /** Bytes of the longest message; grpc-js refuses a longer one before it has come. */
  readonly largest: number;
  readonly onRefused: (call: RefusedCall) => void;
}

/**
 * Bounds the bytes of messages of which a part has come: until a message is whole grpc-js shows nothing of it, and nothing
 * can be asked of the admission. They are counted as they come over the wire, beyond 64 KiB of a message, so that whoever announces much and sends little
 * keeps nobody out. A call that would go beyond ends with `resource_exhausted`; one that has been answered before, a
 * stream, is reset with the code of HTTP/2 that means the same, and answers that are not sent yet are lost. Not counted
 * is what a compressed message takes beyond what came of it, nor the whole messages of a stream that grpc-js reads ahead.
 */
export function boundMessages(options: MessageBudgetOptions): Disposable {
  return watchStreams((created) => {
    const { stream, headers } = created;
    const method = options.methods.get(headers[':path'] ?? '');
    // grpc-js answers any other type without reading, and what nobody reads is Node's to throw away.
    const grpc = headers['content-type']?.startsWith('application/grpc') === true;
    if (method !== undefined && grpc && isOf(created, options.port))
      new BoundCall(stream, headers, method, options).watch();
  });
}

/** What one call has of the budget. */
class BoundCall {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #method: string;
  readonly #options: MessageBudgetOptions;
  readonly #frames = new MessageFrames();
  readonly #start = performance.now();
  #held = 0;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    method: string,
    options: MessageBudgetOptions,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.#method = method;
    this.#options = options;
  }

  watch(): void {
    this.#stream.on('data', (part: Buffer) => this.#read(part));
    // Nothing is to be read before grpc-js listens too: it says when.
    this.#stream.pause();
    this.#stream.once('close', () => this.#hold(0));
  }

  #read(part: Buffer): void {
    this.#frames.read(part);
    const { waiting, length } = this.#frames;
    const fits = this.#hold(waiting > SMALL && length <= this.#options.largest ? waiting : 0);
    // What is closed or answered takes no answer, and what still comes of it goes to nobody.
    const { closed, destroyed, writableEnded } = this.#stream;
    if (!fits && !closed && !destroyed && !writableEnded) this.#refuse(waiting);
  }

  /** False where so much is not to be had. */
  #hold(bytes: number): boolean {
    const { budget } = this.#options;
    const more = bytes - this.#held;
    if (more > 0 && !budget.take(more)) return false;
    if (more < 0) budget.give(-more);
    this.#held = bytes;
    return true;
  }

  #refuse(bytes: number): void {
    const { budget, onRefused } = this.#options;
    const stream = this.#stream;
    const error = budget.refusal();
    const requestId = requestIdOf(this.#headers['x-request-id']);
    // To grpc-js the call is cancelled, not complete: it would take the end for that of the request.
    stream.removeAllListeners('data').removeAllListeners('end').resume();
    if (stream.headersSent) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    else {
      stream.respond(trailersOnly(error, requestId), { endStream: true });
      stream.close(constants.NGHTTP2_NO_ERROR);
    }
    const seconds = (performance.now() - this.#start) / 1000;
    onRefused({ method: this.#method, requestId, error, bytes, seconds });
  }
}

/** The one block of headers that a gRPC answer without a message is. */
function trailersOnly(error: InferenceError, requestId: string) {
  const { code, details, metadata } = errorStatus(error, { requestId });
  return {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': String(code),
    'grpc-message': encodeURI(details),
    ...metadata.toHttp2Headers(),
  };
}

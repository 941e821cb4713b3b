import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody } from './rest-errors.ts';

/** The last two answers of a connection: the last may be to the request that is malformed, then the one before is owed. */
interface Answers {
  readonly last: ServerResponse;
  readonly before: ServerResponse | undefined;
}

/**
 * Answers what is not HTTP, or too slow, and ends its connection. Requests that came whole before it on the same
 * connection have their answers first: they are computed, and clients take answers in the order of their requests.
 */
export class MalformedRequests {
  readonly #answers = new WeakMap<Socket, Answers>();
  readonly #ending = new WeakSet<Socket>();

  /** Sees the answers that are owed. To be called before the server listens. */
  watch(server: Server): void {
    server.on('request', ({ socket }, last) => {
      this.#answers.set(socket, { last, before: this.#answers.get(socket)?.last });
    });
  }

  /** Handles `clientError` of the server, which Node emits again for whatever else comes over the connection. */
  end(error: { readonly code?: string }, socket: Socket): void {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    if (this.#ending.has(socket)) return;
    this.#ending.add(socket);
    const { last, before } = this.#answers.get(socket) ?? {};
    const owed = last?.req.complete === false ? before : last;
    const end = (): void => {
      // An answer that came before the request was whole is the only one to it.
      if (last?.headersSent === true && last !== owed) socket.destroy();
      else if (socket.writable) socket.end(malformedAnswer(error.code));
    };
    if (owed === undefined || owed.closed) end();
    else owed.once('close', end);
  }
}

/** Written by hand because there is no request to answer. */
function malformedAnswer(code: string | undefined): string {
  const [status, message] =
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'the request took too long to arrive']
      : code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'the request headers are too large']
        : ['400 Bad Request', 'malformed HTTP request'];
  const body = errorBody(message);
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}

import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: Buffer;
}

type Done = (answer: RawAnswer | undefined) => void;

const END_OF_HEAD = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: (\d+)/i;
const STATUS_AT = 'HTTP/1.1 '.length;

/**
 * One kept-alive HTTP/1.1 connection that takes a request as bytes and tells its answer. As little as possible is done
 * with either, so that a generator that shares its cores with the server takes little of them.
 */
class RawConnection {
  readonly #socket: Socket;
  readonly #free: (connection: RawConnection) => void;
  readonly #lost: (connection: RawConnection) => void;
  #done: Done | undefined;
  #received: Buffer | undefined;

  constructor(
    host: string,
    port: number,
    free: (connection: RawConnection) => void,
    lost: (connection: RawConnection) => void,
  ) {
    this.#free = free;
    this.#lost = lost;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    // An error is followed by a close.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#close());
  }

  send(bytes: Buffer, done: Done): void {
    this.#done = done;
    this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    const all = this.#received === undefined ? bytes : Buffer.concat([this.#received, bytes]);
    const answer = answerIn(all);
    this.#received = answer === undefined ? all : undefined;
    if (answer === undefined) return;
    const done = this.#done;
    this.#done = undefined;
    this.#free(this);
    done?.(answer);
  }

  #close(): void {
    this.#lost(this);
    const done = this.#done;
    this.#done = undefined;
    done?.(undefined);
  }
}

/** The answer that the bytes hold; undefined while they are not all there. Throws for one without a length. */
export function answerIn(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf(END_OF_HEAD, 0, 'latin1');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const length = LENGTH.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${head}`);
  const start = end + END_OF_HEAD.length;
  if (bytes.length < start + Number(length)) return undefined;
  const status = Number(head.slice(STATUS_AT, STATUS_AT + 3));
  return { status, head, body: bytes.subarray(start, start + Number(length)) };
}

interface Waiting {
  readonly bytes: Buffer;
  readonly done: Done;
}

/**
 * Connections to one address, as a proxy in front of a server has them: opened as they are needed up to a number, the
 * last one used goes first, and what finds none free waits for one.
 */
export class RawConnections {
  readonly #host: string;
  readonly #port: number;
  readonly #idle: RawConnection[] = [];
  readonly #all = new Set<RawConnection>();
  readonly #waiting: Waiting[] = [];
  readonly #most: number;

  constructor(address: string, most: number) {
    const { hostname, port } = new URL(address);
    this.#host = hostname;
    this.#port = Number(port);
    this.#most = most;
  }

  /** Sends a whole request; `done` gets no answer where the connection was lost. */
  send(bytes: Buffer, done: Done): void {
    const connection = this.#idle.pop() ?? (this.#all.size < this.#most ? this.#open() : undefined);
    if (connection === undefined) this.#waiting.push({ bytes, done });
    else connection.send(bytes, done);
  }

  close(): void {
    for (const connection of this.#all) connection.end();
  }

  #open(): RawConnection {
    const connection = new RawConnection(
      this.#host,
      this.#port,
      (free) => this.#free(free),
      (lost) => this.#lost(lost),
    );
    this.#all.add(connection);
    return connection;
  }

  #free(connection: RawConnection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else connection.send(next.bytes, next.done);
  }

  #lost(connection: RawConnection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    const next = this.#waiting.shift();
    if (next !== undefined) this.send(next.bytes, next.done);
  }
}

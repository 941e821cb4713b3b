import { type ClientDuplexStream, Metadata, type ServiceError } from '@grpc/grpc-js';
import { inference as messages } from '../../src/protocol/generated/inference.js';
import { encodeMessage } from '../../src/protocol/grpc-messages.ts';
import { asIs, describe, failureOf, openChannel } from './grpc-channel.ts';
import { encodeInfer, METHODS, outputsOfResponse, withId } from './grpc-messages.ts';
import { ANSWER_TIMEOUT, type Answer, type Target, TIMED_OUT } from './target.ts';

/** Streams that requests are spread over. */
const STREAMS = 4;

const NOTHING = Buffer.alloc(0);

interface Waiting {
  readonly done: (answer: Answer) => void;
  readonly timer: NodeJS.Timeout;
}

/** Many requests over one stream; the id of an answer says which request it belongs to. */
class InferStream {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #waiting = new Map<string, Waiting>();
  /** Requests that were settled with what may be another's. */
  readonly #mistaken = new Set<string>();
  #sent = 0;
  #ended: Answer | undefined;

  constructor(address: string, channel = openChannel(address)) {
    this.#call = channel.makeBidiStreamRequest(METHODS.streamInfer, asIs, asIs, new Metadata());
    this.#call.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#call.on('error', (error: ServiceError) => this.#end(failureOf(error, channel)));
    this.#call.on('end', () => this.#end({ failure: 'stream ended', unanswered: true, body: NOTHING }));
    this.#call.on('status', () => channel.close());
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  send(request: (id: string) => Buffer, done: (answer: Answer) => void): void {
    const id = String(this.#sent++);
    const timer = setTimeout(
      () => this.#settle(id, { failure: TIMED_OUT, message: 'no answer', body: NOTHING }),
      ANSWER_TIMEOUT,
    );
    this.#waiting.set(id, { done, timer });
    this.#call.write(request(id));
  }

  close(): void {
    this.#end({ failure: 'CANCELLED', body: NOTHING });
    this.#call.cancel();
  }

  #receive(bytes: Buffer): void {
    const { error_message: error, infer_response: response } =
      messages.ModelStreamInferResponse.decode(bytes);
    const id = response?.id ?? '';
    const answer =
      error === '' ? { body: bytes } : { failure: 'stream error', message: error, body: NOTHING };
    // Many servers send an error alone, without a response that would have the id.
    const isAnyones = id === '' ? error !== '' : this.#mistaken.delete(id);
    if (isAnyones) this.#settleOldest(answer);
    else this.#settle(id, answer);
  }

  /** The oldest is the likeliest one. If its own answer comes after all, that is left for the one that has none. */
  #settleOldest(answer: Answer): void {
    const [oldest] = this.#waiting.keys();
    if (oldest === undefined) return;
    this.#mistaken.add(oldest);
    this.#settle(oldest, answer);
  }

  #settle(id: string, answer: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.done(answer);
  }

  #end(answer: Answer): void {
    this.#ended ??= answer;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, answer);
  }
}

/** Requests over a few streams; a stream that ended is opened anew. */
export function grpcStreamTarget(address: string): Target {
  const channel = openChannel(address);
  const streams: (InferStream | undefined)[] = [];
  let turn = 0;
  return {
    describe: (model, version) => describe(channel, address, model, version),
    encode: encodeInfer,
    send: (payload, done) => {
      const index = turn++ % STREAMS;
      let stream = streams[index];
      if (stream === undefined || stream.ended) {
        stream = new InferStream(address);
        streams[index] = stream;
      }
      stream.send((id) => withId(payload, id), done);
    },
    outputsOf: ({ body }) => {
      const { infer_response: response } = messages.ModelStreamInferResponse.decode(body);
      if (response === undefined || response === null) throw new Error('the answer is empty');
      return outputsOfResponse(encodeMessage(messages.ModelInferResponse, response));
    },
    close: () => {
      for (const stream of streams) stream?.close();
      channel.close();
    },
  };
}

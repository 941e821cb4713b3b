import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { type Code, fromUnknown, type InferenceError, unavailable } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import { readInferRequest } from '../protocol/grpc-request.ts';
import { encodeStreamError, encodeStreamResponse, type FailedRequest } from '../protocol/grpc-response.ts';
import {
  type CallContext,
  callTrailers,
  countedCode,
  errorStatus,
  type GrpcRequestEnded,
  logError,
  openCall,
} from './grpc-call.ts';
import { boundMessage, inferFor } from './grpc-infer.ts';

export interface StreamOptions {
  readonly dataPlane: DataPlane;
  readonly logger: Logger;
  readonly ended: GrpcRequestEnded;
  /** Requests of one stream that may be in work at once; the next is not read before one is answered. */
  readonly maxInFlight: number;
  /** Bytes of the longest answer. */
  readonly maxMessageBytes: number;
  /** Aborted when the server drains: streams then answer what they have read, and end. */
  readonly draining: AbortSignal;
}

const METHOD = 'ModelStreamInfer';

/** Triton's way to ask that an error ends the stream with its status, instead of being a message of it. */
const ERRORS_AS_STATUS = 'triton_grpc_error';

/** A message that is no request. */
const UNREAD: FailedRequest = { model: '', version: '', id: '' };

export function streamHandler(options: StreamOptions): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => new InferStream(call, options).start();
}

/** One ModelStreamInfer call: every request is answered once, as it completes, by a response or an error message. */
class InferStream {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #context: CallContext;
  readonly #options: StreamOptions;
  readonly #errorsAsStatus: boolean;
  #inFlight = 0;
  #reading = true;
  #writable = true;
  #closed = false;
  /** How the stream ends once everything is answered, if not well. */
  #outcome: InferenceError | undefined;

  constructor(call: ServerDuplexStream<Buffer, Buffer>, options: StreamOptions) {
    this.#call = call;
    this.#options = options;
    this.#context = openCall(call);
    this.#errorsAsStatus = call.metadata.get(ERRORS_AS_STATUS)[0] === 'true';
  }

  start(): void {
    const call = this.#call;
    const { draining } = this.#options;
    const drain = () => this.#stopReading(unavailable('the server is shutting down'));
    call.on('data', (message: Buffer) => void this.#answer(message));
    call.on('end', () => this.#stopReading());
    call.on('drain', () => {
      this.#writable = true;
      this.#regulate();
    });
    call.on('cancelled', () => {
      this.#closed = true;
    });
    call.on('close', () => draining.removeEventListener('abort', drain));
    draining.addEventListener('abort', drain);
    if (draining.aborted) drain();
  }

  async #answer(message: Buffer): Promise<void> {
    const start = performance.now();
    const { dataPlane, ended, logger, maxMessageBytes } = this.#options;
    this.#inFlight++;
    this.#regulate();
    let request = UNREAD;
    let code: Code | 'ok' = 'ok';
    try {
      const wire = readInferRequest(message);
      request = wire;
      const response = await inferFor(dataPlane, wire, this.#context);
      this.#write(boundMessage(encodeStreamResponse(response), maxMessageBytes));
    } catch (thrown) {
      const error = fromUnknown(thrown);
      code = countedCode(error, this.#context);
      logError(logger, METHOD, error, this.#context);
      if (this.#errorsAsStatus) this.#end(error);
      else this.#write(encodeStreamError(error.message, request));
    }
    ended(METHOD, code, (performance.now() - start) / 1000, message.byteLength);
    this.#inFlight--;
    this.#regulate();
  }

  /** The client sent its last request, or the server drains. */
  #stopReading(outcome?: InferenceError): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#outcome = outcome;
    this.#regulate();
  }

  /** Reads on while there is room, and ends the stream when nothing more can come. */
  #regulate(): void {
    if (this.#closed) return;
    if (!this.#reading) {
      this.#call.pause();
      if (this.#inFlight === 0) this.#end(this.#outcome);
    } else if (this.#inFlight < this.#options.maxInFlight && this.#writable) {
      this.#call.resume();
    } else {
      this.#call.pause();
    }
  }

  #write(message: Buffer): void {
    if (!this.#closed) this.#writable = this.#call.write(message);
  }

  #end(error?: InferenceError): void {
    if (this.#closed) return;
    this.#closed = true;
    // An error event is how grpc-js takes the status of a stream.
    if (error === undefined) this.#call.end(callTrailers(this.#context));
    else this.#call.emit('error', errorStatus(error, this.#context));
  }
}

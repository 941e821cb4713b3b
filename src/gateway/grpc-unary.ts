import type { handleUnaryCall, Metadata } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { fromUnknown } from '../errors.ts';
import { emptyWhenClosed } from './ended-calls.ts';
import {
  type CallContext,
  callTrailers,
  countedCode,
  errorStatus,
  type GrpcRequestEnded,
  logError,
  openCall,
} from './grpc-call.ts';

export interface Answer {
  readonly message: Buffer;
  readonly trailers?: Metadata;
}

/** Bytes in, bytes out: messages are decoded and encoded here, so that their faults get our codes. */
export type UnaryMethod = (message: Buffer, context: CallContext) => Answer | Promise<Answer>;

/** A method as grpc-js calls it: everything thrown becomes a status, every end is told once. */
export function unaryHandler(
  name: string,
  method: UnaryMethod,
  logger: Logger,
  ended: GrpcRequestEnded,
): handleUnaryCall<Buffer, Buffer> {
  return async (call, callback) => {
    const start = performance.now();
    const context = openCall(call);
    const { request } = call;
    emptyWhenClosed(call, request.byteLength);
    try {
      const { message, trailers } = await method(request, context);
      context.settle();
      emptyWhenClosed(call, message.byteLength);
      callback(null, message, trailers ?? callTrailers(context));
      ended(name, 'ok', (performance.now() - start) / 1000, request.byteLength);
    } catch (thrown) {
      const error = fromUnknown(thrown);
      context.settle();
      logError(logger, name, error, context);
      callback(errorStatus(error, context));
      ended(name, countedCode(error, context), (performance.now() - start) / 1000, request.byteLength);
    }
  };
}

import { InferenceError } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import type { InferenceResponse } from '../inference/types.ts';
import { toInferenceRequest, type WireRequest } from '../protocol/grpc-request.ts';
import type { CallContext } from './grpc-call.ts';
import { widenHalfPrecision } from './half-precision.ts';

/** Runs one request of a call, under the call's deadline and for as long as its client waits. */
export function inferFor(
  dataPlane: DataPlane,
  wire: WireRequest,
  { signal, deadline, key, client }: CallContext,
): Promise<InferenceResponse> {
  const request = {
    ...toInferenceRequest(wire),
    signal,
    client,
    ...(key === undefined ? {} : { key }),
    ...(deadline === undefined ? {} : { deadline }),
  };
  return dataPlane.infer(widenHalfPrecision(dataPlane, request));
}

/**
 * The message of an answer, as long as it may be sent: grpc-js ends the call with a longer one, which of a stream takes
 * all other requests along.
 */
export function boundMessage(message: Buffer, limit: number): Buffer {
  if (message.byteLength <= limit) return message;
  throw new InferenceError(
    'payload_too_large',
    `the answer has ${message.byteLength} bytes, the limit of a message is ${limit}`,
  );
}

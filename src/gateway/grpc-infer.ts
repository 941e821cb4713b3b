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

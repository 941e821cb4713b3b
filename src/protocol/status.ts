import type { Code } from '../errors.ts';

/** HTTP and gRPC numbers of every code; a new code without numbers does not compile. */
export const STATUS: Readonly<Record<Code, { readonly http: number; readonly grpc: number }>> = {
  invalid_argument: { http: 400, grpc: 3 },
  not_found: { http: 404, grpc: 5 },
  failed_precondition: { http: 400, grpc: 9 },
  payload_too_large: { http: 413, grpc: 8 },
  resource_exhausted: { http: 429, grpc: 8 },
  deadline_exceeded: { http: 504, grpc: 4 },
  canceled: { http: 499, grpc: 1 },
  unavailable: { http: 503, grpc: 14 },
  unimplemented: { http: 501, grpc: 12 },
  internal: { http: 500, grpc: 13 },
};

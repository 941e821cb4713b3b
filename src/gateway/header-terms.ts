import type { FastifyRequest } from 'fastify';
import { invalidArgument } from '../errors.ts';

/** What a request asks, as far as its headers and its connection say it: known before the body is read. */
export interface HeaderTerms {
  /** Who asks, for fair shares. */
  readonly client: string;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly arrivedAt: number;
  /** On the same clock. */
  readonly deadline: number | undefined;
  /** Requests of one key stay on one arm of a rollout. */
  readonly key: string | undefined;
  /** Bytes of the body; undefined where the headers do not say what it is when it is read. */
  readonly bodyBytes: number | undefined;
}

/** Throws `invalid_argument` for a timeout that is none. */
export function headerTerms({ headers, ip, arrivedAt }: FastifyRequest): HeaderTerms {
  const key = headers['x-sluice-key'];
  return {
    client: ip,
    arrivedAt,
    deadline: deadlineOf(headers['x-request-timeout-ms'], arrivedAt),
    key: typeof key === 'string' ? key : undefined,
    bodyBytes: headers['content-encoding'] === undefined ? bytesOf(headers['content-length']) : undefined,
  };
}

/** Milliseconds a client may set with `x-request-timeout-ms`; what is longer is taken for a day. */
const MAX_TIMEOUT = 24 * 60 * 60 * 1000;

/** Counts from the arrival of the headers. */
function deadlineOf(text: string | readonly string[] | undefined, arrivedAt: number): number | undefined {
  if (text === undefined) return undefined;
  const timeout = typeof text === 'string' && /^[0-9]+(\.[0-9]{1,6})?$/.test(text) ? Number(text) : 0;
  if (timeout === 0)
    throw invalidArgument('header x-request-timeout-ms must be a positive number of milliseconds');
  return arrivedAt + Math.min(timeout, MAX_TIMEOUT);
}

function bytesOf(length: string | undefined): number | undefined {
  const bytes = Number(length);
  return bytes > 0 ? bytes : undefined;
}

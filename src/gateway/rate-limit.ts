import fastifyRateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { InferenceError } from '../errors.ts';

/** Requests that one client address may make in a time window. */
export interface RateLimit {
  readonly max: number;
  readonly timeWindowMs: number;
  /** Counts one more request of a client, where others count too: how many there are, milliseconds until they are forgotten. */
  readonly count?: (client: string) => Promise<{ readonly current: number; readonly ttl: number }>;
}

export async function addRateLimit(
  app: FastifyInstance,
  { max, timeWindowMs, count }: RateLimit,
): Promise<void> {
  await app.register(fastifyRateLimit, {
    max,
    timeWindow: timeWindowMs,
    ...(count === undefined ? {} : { store: storeOf(count) }),
    errorResponseBuilder: (_request, { ttl }) =>
      new InferenceError('resource_exhausted', `more than ${max} requests in ${timeWindowMs} ms`, {
        retryAfter: ttl / 1000,
        reason: 'overload',
      }),
  });
}

/** The form in which the plugin takes it: a class, of which it makes one for each route. */
const storeOf = (count: NonNullable<RateLimit['count']>) =>
  class implements FastifyRateLimitStore {
    incr(client: string, done: Parameters<FastifyRateLimitStore['incr']>[1]): void {
      count(client).then(
        (counted) => done(null, counted),
        (error: Error) => done(error),
      );
    }

    child(): this {
      return this;
    }
  };

import { randomUUID } from 'node:crypto';

/** Ids of clients that can go into a header and a log line as they are. */
const REQUEST_ID = /^[A-Za-z0-9._:/+=-]{1,128}$/;

/** The id a client gave its request in `x-request-id`, or one of ours where it gave none that can be used. */
export const requestIdOf = (given: unknown): string =>
  typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();

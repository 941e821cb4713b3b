import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { ANSWER_TIMEOUT, type Payload } from '../targets/target.ts';
import type { Phases } from './closed-loop.ts';
import type { Recorder } from './recorder.ts';

/** Milliseconds between two looks of autocannon at whether it is to stop. */
const LOOK = 50;

/** A connection ended, so that nothing autocannon measured may be used. */
export interface Ended {
  /** Whether a request of the window was lost with it: the server had not said that it would close. */
  readonly lost: boolean;
}

/**
 * A closed loop over HTTP driven by autocannon, one connection per lane. Its `response` events are counted here: its
 * own histogram has whole milliseconds only. (Its rate mode is not used; it corrects latencies in the wrong unit.)
 * Resolves early where a connection ends: from then on autocannon takes an answer for that of an older request, and
 * forgets those that get none.
 */
export async function autocannonLoop(
  address: string,
  payloads: readonly Payload[],
  concurrency: number,
  recorder: Recorder,
  { warmUp, duration, measuring }: Phases,
): Promise<Ended | undefined> {
  const [first] = payloads;
  const finished = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Ended>();
  const requests = payloads.map(({ path, headers, body }) => ({
    method: 'POST' as const,
    path,
    headers: { ...headers },
    body,
  }));
  let lane = 0;
  const run = autocannon(
    {
      url: address,
      connections: concurrency,
      // Longer than any window: it is stopped when the window is over.
      duration: 86_400,
      sampleInt: LOOK,
      timeout: ANSWER_TIMEOUT / 1000,
      // Each has requests of its own: in step they would all send the same, one length and one run for all of them.
      setupClient: (client) => {
        const own = lane++ % requests.length;
        client.setRequests(requests.filter((_, index) => index % concurrency === own));
        follow(client, recorder, ended.resolve);
      },
    },
    (error: unknown) => (error === null || error === undefined ? finished.resolve() : finished.reject(error)),
  );
  run.on('response', (_client, status, _bytes, latency) => {
    if (!recorder.open) return;
    if (status !== 200) return recorder.failed(`HTTP ${status}`);
    recorder.answered(first?.rows ?? 1);
    recorder.timed(first?.model ?? '', latency);
  });
  let end = await Promise.race([ended.promise, sleep(warmUp, undefined)]);
  if (end === undefined) {
    recorder.start();
    measuring();
    end = await Promise.race([ended.promise, sleep(duration, undefined)]);
  }
  recorder.stop();
  run.stop?.();
  await finished.promise;
  return end;
}

/** Says when the connection of a client ends: it then sends again, on a new one, before the last request is answered. */
function follow(client: EventEmitter, recorder: Recorder, ended: (end: Ended) => void): void {
  let waiting = false;
  let keepsAlive = true;
  client.on('request', () => {
    if (waiting) ended({ lost: keepsAlive && recorder.open });
    waiting = true;
  });
  client.on('headers', ({ shouldKeepAlive }: { readonly shouldKeepAlive: boolean }) => {
    keepsAlive = shouldKeepAlive;
  });
  client.on('response', () => {
    waiting = false;
  });
}

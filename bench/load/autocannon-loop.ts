import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import type { Payload } from '../targets/target.ts';
import type { Phases } from './closed-loop.ts';
import type { Recorder } from './recorder.ts';

/** Milliseconds between two looks of autocannon at whether it is to stop. */
const LOOK = 50;

/**
 * A closed loop over HTTP driven by autocannon, one connection per lane. Its `response` events are counted here: its
 * own histogram has whole milliseconds only. (Its rate mode is not used; it corrects latencies in the wrong unit.)
 */
export async function autocannonLoop(
  address: string,
  payloads: readonly Payload[],
  concurrency: number,
  recorder: Recorder,
  { warmUp, duration, measuring }: Phases,
): Promise<void> {
  const [first] = payloads;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
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
      // Each has requests of its own: in step they would all send the same, one length and one run for all of them.
      setupClient: (client) => {
        const own = lane++ % requests.length;
        client.setRequests(requests.filter((_, index) => index % concurrency === own));
      },
    },
    (error: unknown) => (error === null || error === undefined ? resolve() : reject(error)),
  );
  run.on('response', (_client, status, _bytes, latency) => {
    if (!recorder.open) return;
    if (status === 200) recorder.answered(first?.model ?? '', first?.rows ?? 1, latency);
    else recorder.failed(`HTTP ${status}`);
  });
  run.on('reqError', (error: NodeJS.ErrnoException) => {
    if (recorder.open) recorder.failed(error.code ?? error.message);
  });
  await sleep(warmUp);
  recorder.start();
  measuring();
  await sleep(duration);
  recorder.stop();
  run.stop?.();
  await promise;
}

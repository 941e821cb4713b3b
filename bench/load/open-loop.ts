import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { raisePriority } from '../machine/priority.ts';
import { ANSWER_TIMEOUT, type Payload, type Target, TIMED_OUT } from '../targets/target.ts';
import { type Arrivals, schedule } from './arrivals.ts';
import type { Phases } from './closed-loop.ts';
import type { PacerData } from './pacer.ts';
import type { Recorder } from './recorder.ts';

/** Milliseconds until the first request: the thread that paces them has to start. */
const LEAD = 150;

/**
 * Sends at the times of a schedule, however many are still unanswered. Latency counts from the time a request was
 * meant to go, so that a generator or a server that falls behind cannot hide it. Requests meant for the window have a
 * latency whenever they are answered; those without an answer after `ANSWER_TIMEOUT` fail. Throughput is what is
 * answered while the window lasts: all that was sent would be the rate that was asked for, whatever the server can do.
 */
export async function openLoop(
  target: Target,
  payloads: readonly Payload[],
  { arrivals, seed }: { readonly arrivals: Arrivals; readonly seed: number },
  recorder: Recorder,
  { warmUp, duration, measuring }: Phases,
): Promise<void> {
  using _raised = raisePriority();
  const times = schedule(arrivals, warmUp + duration, seed);
  const start = process.hrtime.bigint() + BigInt(LEAD * 1e6);
  const begin = performance.now() + LEAD;
  const pacer: PacerData = { times, start };
  const thread = new Worker(new URL('./pacer.ts', import.meta.url), { workerData: pacer });
  let next = 0;
  let waiting = 0;
  const done = Promise.withResolvers<void>();

  const sendOne = (index: number): void => {
    const meant = times[index] ?? 0;
    const counts = meant >= warmUp;
    if (counts) {
      recorder.late(performance.now() - begin - meant);
      waiting++;
    }
    const payload = payloads[index % payloads.length] as Payload;
    target.send(payload, ({ failure, message }) => {
      if (failure === undefined && recorder.open) recorder.answered(payload.rows);
      if (!counts) return;
      waiting--;
      if (failure === undefined) recorder.timed(payload.model, performance.now() - begin - meant);
      else recorder.failed(failure, message);
      if (waiting === 0 && next === times.length) done.resolve();
    });
  };
  thread.on('message', (due: number) => {
    while (next < due) sendOne(next++);
    if (waiting === 0 && next === times.length) done.resolve();
  });
  thread.on('error', done.reject);

  await sleep(begin + warmUp - performance.now());
  recorder.start();
  measuring();
  await sleep(begin + warmUp + duration - performance.now());
  recorder.stop();
  if (times.length > 0) await Promise.race([done.promise, sleep(ANSWER_TIMEOUT, undefined, { ref: false })]);
  for (let index = 0; index < waiting; index++) recorder.failed(TIMED_OUT, 'no answer');
}

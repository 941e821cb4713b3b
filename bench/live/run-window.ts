import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { schedule } from '../load/arrivals.ts';
import type { PacerData } from '../load/pacer.ts';
import type { LiveWindow } from './messages.ts';
import type { RawConnections } from './raw-connections.ts';
import { SampleLog, type Samples } from './samples.ts';
import { endingOf, type RawRequest, vary } from './stream.ts';

/** Milliseconds until the first request: the thread that paces them has to start. */
const LEAD = 150;

/**
 * Milliseconds between two wake-ups of the generator at least. Requests that are due in between go together, late by
 * no more than this: waking for each would cost more than sending it.
 */
const GRAIN = 0.25;

/** Milliseconds that answers are waited for when all has been sent. */
const PATIENCE = 3000;

/** Requests of a closed loop that are counted at most. */
const MOST_CLOSED = 1_000_000;

/** Requests sent since the start of the process. */
let sent = 0;

export interface WindowMarks {
  readonly measuring: () => void;
  readonly measured: () => void;
}

/** Sends one window. Those meant to go in its counted part count, whenever they are answered. */
export function runWindow(
  connections: RawConnections,
  requests: readonly RawRequest[],
  window: LiveWindow,
  marks: WindowMarks,
): Promise<Samples> {
  return window.load.kind === 'open'
    ? openWindow(connections, requests, window, window.load, marks)
    : closedWindow(connections, requests, window, window.load.concurrency, marks);
}

async function openWindow(
  connections: RawConnections,
  requests: readonly RawRequest[],
  { warmUp, duration }: LiveWindow,
  { arrivals, seed }: Extract<LiveWindow['load'], { kind: 'open' }>,
  marks: WindowMarks,
): Promise<Samples> {
  const times = schedule(arrivals, warmUp + duration, seed);
  const first = times.findIndex((time) => time >= warmUp);
  const uncounted = first < 0 ? times.length : first;
  const log = new SampleLog(times.length - uncounted);
  const begin = performance.now() + LEAD;
  const pacer: PacerData = { times, start: process.hrtime.bigint() + BigInt(LEAD * 1e6), grain: GRAIN };
  const thread = new Worker(new URL('../load/pacer.ts', import.meta.url), { workerData: pacer });
  const done = Promise.withResolvers<void>();
  let next = 0;
  let out = 0;

  const sendOne = (index: number): void => {
    const meant = begin + (times[index] ?? 0);
    out++;
    if (index >= uncounted) log.sent(index - uncounted, performance.now() - meant);
    connections.send(vary(requests[index % requests.length] as RawRequest, sent++), (answer) => {
      out--;
      const latency = performance.now() - meant;
      if (index >= uncounted) log.ended(index - uncounted, endingOf(answer), latency);
      if (out === 0 && next === times.length) done.resolve();
    });
  };
  thread.on('message', (due: number) => {
    while (next < due) sendOne(next++);
  });
  thread.on('error', done.reject);

  await sleep(begin + warmUp - performance.now());
  const cpu = process.cpuUsage();
  marks.measuring();
  await sleep(begin + warmUp + duration - performance.now());
  const { user, system } = process.cpuUsage(cpu);
  marks.measured();
  if (times.length > 0) await Promise.race([done.promise, sleep(PATIENCE, undefined, { ref: false })]);
  await thread.terminate();
  return log.result(duration / 1000, (user + system) / 1e6);
}

/** Latency is that of the request itself: a closed loop has no other time to begin at. */
async function closedWindow(
  connections: RawConnections,
  requests: readonly RawRequest[],
  { warmUp, duration }: LiveWindow,
  concurrency: number,
  marks: WindowMarks,
): Promise<Samples> {
  const endings: { readonly ending: ReturnType<typeof endingOf>; readonly latency: number }[] = [];
  let turn = 0;
  let counting = false;
  let running = true;
  const lane = async (): Promise<void> => {
    while (running) {
      const start = performance.now();
      const bytes = vary(requests[turn++ % requests.length] as RawRequest, sent++);
      const answer = await new Promise<Parameters<typeof endingOf>[0]>((resolve) =>
        connections.send(bytes, resolve),
      );
      if (counting && endings.length < MOST_CLOSED)
        endings.push({ ending: endingOf(answer), latency: performance.now() - start });
    }
  };
  const lanes = Array.from({ length: concurrency }, lane);
  await sleep(warmUp);
  const cpu = process.cpuUsage();
  const begin = performance.now();
  counting = true;
  marks.measuring();
  await sleep(duration);
  counting = false;
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  marks.measured();
  running = false;
  await Promise.race([Promise.all(lanes), sleep(PATIENCE, undefined, { ref: false })]);
  const log = new SampleLog(endings.length);
  for (const [index, { ending, latency }] of endings.entries()) log.ended(index, ending, latency);
  return log.result(seconds, (user + system) / 1e6);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWER_TIMEOUT, type Answer, ask, type Payload, type Target, TIMED_OUT } from '../targets/target.ts';
import type { Recorder } from './recorder.ts';

export interface Phases {
  readonly warmUp: number;
  readonly duration: number;
  /** Called when the warm-up is over. */
  readonly measuring: () => void;
  /** Milliseconds that what is out at the end still has; `ANSWER_TIMEOUT` where left out. */
  readonly answerTimeout?: number;
}

/**
 * Milliseconds that a lane waits where no server answered: a lane would ask for connections as fast as it can. After an
 * error that was answered none waits, or a server that refuses would be asked for less than by autocannon.
 */
const PAUSE_UNANSWERED = 20;

/**
 * Lanes that each send when their last request is answered. What is answered inside the window counts, and what is out
 * at its end counts where it fails: a server that stops answering would have no failures otherwise. With `together`,
 * that many requests go at once, and the slowest one's latency is theirs.
 */
export async function closedLoop(
  target: Target,
  payloads: readonly Payload[],
  { concurrency, together = 1 }: { readonly concurrency: number; readonly together?: number },
  recorder: Recorder,
  { warmUp, duration, measuring, answerTimeout = ANSWER_TIMEOUT }: Phases,
): Promise<void> {
  let turn = 0;
  let running = true;
  let stuck = concurrency;
  const next = (): Payload => payloads[turn++ % payloads.length] as Payload;

  async function lane(): Promise<void> {
    while (running) {
      const group = Array.from({ length: together }, next);
      const start = performance.now();
      const answers = await Promise.all(group.map((payload) => ask(target, payload)));
      const latency = performance.now() - start;
      const failure = answers.find((answer) => answer.failure !== undefined);
      count(recorder, group, latency, failure);
      if (answers.some(({ unanswered }) => unanswered)) await sleep(PAUSE_UNANSWERED);
    }
    stuck--;
  }

  const lanes = Array.from({ length: concurrency }, lane);
  await sleep(warmUp);
  recorder.start();
  measuring();
  await sleep(duration);
  recorder.stop();
  running = false;
  await Promise.race([Promise.all(lanes), sleep(answerTimeout, undefined, { ref: false })]);
  for (let index = 0; index < stuck; index++) recorder.failed(TIMED_OUT, 'no answer');
}

function count(recorder: Recorder, group: readonly Payload[], latency: number, failure?: Answer): void {
  if (failure?.failure !== undefined) {
    if (recorder.begun) recorder.failed(failure.failure, failure.message);
  } else if (recorder.open) {
    const rows = group.reduce((sum, payload) => sum + payload.rows, 0);
    recorder.completed(group[0]?.model ?? '', rows, latency);
  }
}

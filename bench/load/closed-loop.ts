import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWER_TIMEOUT, type Answer, ask, type Payload, type Target } from '../targets/target.ts';
import type { Recorder } from './recorder.ts';

export interface Phases {
  readonly warmUp: number;
  readonly duration: number;
  /** Called when the warm-up is over. */
  readonly measuring: () => void;
}

/** Milliseconds that a lane waits after a failure: a server that refuses is not to be drowned in retries. */
const PAUSE_AFTER_FAILURE = 20;

/**
 * Lanes that each send when their last request is answered. What is answered inside the window counts; with
 * `together`, that many requests go at once, and the slowest one's latency is theirs.
 */
export async function closedLoop(
  target: Target,
  payloads: readonly Payload[],
  { concurrency, together = 1 }: { readonly concurrency: number; readonly together?: number },
  recorder: Recorder,
  { warmUp, duration, measuring }: Phases,
): Promise<void> {
  let turn = 0;
  let running = true;
  const next = (): Payload => payloads[turn++ % payloads.length] as Payload;

  async function lane(): Promise<void> {
    while (running) {
      const group = Array.from({ length: together }, next);
      const start = performance.now();
      const answers = await Promise.all(group.map((payload) => ask(target, payload)));
      const latency = performance.now() - start;
      const failure = answers.find((answer) => answer.failure !== undefined);
      if (recorder.open) count(recorder, group, latency, failure);
      if (failure !== undefined) await sleep(PAUSE_AFTER_FAILURE);
    }
  }

  const lanes = Array.from({ length: concurrency }, lane);
  await sleep(warmUp);
  recorder.start();
  measuring();
  await sleep(duration);
  recorder.stop();
  running = false;
  await Promise.race([Promise.all(lanes), sleep(ANSWER_TIMEOUT, undefined, { ref: false })]);
}

function count(recorder: Recorder, group: readonly Payload[], latency: number, failure?: Answer): void {
  if (failure?.failure !== undefined) {
    recorder.failed(failure.failure, failure.message);
  } else {
    const rows = group.reduce((sum, payload) => sum + payload.rows, 0);
    recorder.answered(rows);
    recorder.timed(group[0]?.model ?? '', latency);
  }
}

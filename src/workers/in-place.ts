import { statSync } from 'node:fs';
import type { TensorMap } from '../tensor/tensor.ts';
import { loneRunThreads } from './defaults.ts';
import { OrtSession } from './ort-session.ts';
import { BUSY_START, RunTime, type TimedRun } from './run-time.ts';
import type { SessionOptions } from './session-options.ts';

/**
 * Runs shorter than this, milliseconds, take the main thread less time than handing them to a worker and back would.
 */
const SHORTER_THAN_HANDING_OVER = 0.1;

/** Longest run, milliseconds, that a lone request may hold the main thread for. */
const LONGEST_ALONE = 2;

/** Longest run of the workers' warm-up, milliseconds, after which it is tried here how long it really takes. */
const LONGEST_TRIED = 15;

/** Runs that tell how long one takes here; the first one of a session takes longer than all others. */
const TRIALS = 4;

/** Files up to this are opened on the main thread: it stands still meanwhile. Bytes. */
const LARGEST_FILE = 8 * 2 ** 20;

/** Milliseconds: the time, and for how long the event loop has waited for something to do. */
export interface LoopClock {
  readonly now: () => number;
  readonly idle: () => number;
}

const LOOP: LoopClock = {
  now: () => performance.now(),
  idle: () => performance.eventLoopUtilization().idle,
};

/**
 * A session on the calling thread, for models that compute for less time than it takes to wake a worker: their runs
 * happen where the request is. Everything longer goes to the workers, and so does whatever would keep another request
 * waiting.
 */
export class InPlace {
  readonly #session: OrtSession;
  readonly #time: RunTime;
  readonly #clock: LoopClock;
  /** How long the event loop had been idle when the last run ended. */
  #idle = -1;

  private constructor(session: OrtSession, time: RunTime, clock: LoopClock) {
    this.#session = session;
    this.#time = time;
    this.#clock = clock;
  }

  /**
   * Undefined for a model that is too slow or too large, or not run by the CPU.
   * @param options with the cores that all runs may use together
   * @param runs the workers' warm-up
   * @param sample inputs to try here: a run has other threads than there
   */
  static open(
    path: string,
    options: SessionOptions & { readonly cores: number },
    runs: readonly TimedRun[],
    sample: TensorMap,
    clock = LOOP,
  ): InPlace | undefined {
    const { executionProviders } = options;
    if (executionProviders.some((name) => name !== 'cpu') || statSync(path).size > LARGEST_FILE)
      return undefined;
    const there = new RunTime(runs);
    if (!(there.shortest < LONGEST_TRIED)) return undefined;
    // It has the machine to itself, or is over before another could help.
    const intraOpThreads = loneRunThreads(options.cores, options.intraOpThreads);
    const session = OrtSession.open(path, { ...options, intraOpThreads });
    const share = quickest(session, sample, clock) / there.expected(sample);
    if (there.shortest * share < LONGEST_ALONE * BUSY_START)
      return new InPlace(session, new RunTime(runs, share), clock);
    void session.close();
    return undefined;
  }

  /** @param others whether runs of the model are under way */
  takes(inputs: TensorMap, others: boolean): boolean {
    const expected = this.#time.expected(inputs);
    if (expected < SHORTER_THAN_HANDING_OVER) return true;
    if (expected > LONGEST_ALONE || others) return false;
    // No idle moment since the last run: something waited while it held the thread.
    return this.#clock.idle() > this.#idle;
  }

  /** Throws what the session throws. Returns the outputs and the milliseconds that it took. */
  run(inputs: TensorMap, outputs: readonly string[] | undefined): { outputs: TensorMap; time: number } {
    const start = this.#clock.now();
    const computed = this.#session.runSync(inputs, outputs);
    const time = this.#clock.now() - start;
    this.#time.observe(inputs, time);
    this.#idle = this.#clock.idle();
    return { outputs: computed, time };
  }

  /** A run of the model went to a worker. */
  ranElsewhere(): void {
    this.#time.fade();
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

/** Milliseconds; Infinity where the model refuses the inputs. No more runs than one where that is a long one. */
function quickest(session: OrtSession, inputs: TensorMap, { now }: LoopClock): number {
  let least = Infinity;
  try {
    for (let trial = 0; trial < TRIALS; trial++) {
      const start = now();
      session.runSync(inputs);
      least = Math.min(least, now() - start);
      if (least > LONGEST_TRIED) break;
    }
  } catch {
    return Infinity;
  }
  return least;
}

import { statSync } from 'node:fs';
import type { TensorMap } from '../tensor/tensor.ts';
import { OrtSession } from './ort-session.ts';
import type { RunTime } from './run-time.ts';
import type { SessionOptions } from './session-options.ts';

/**
 * Runs shorter than this, milliseconds, take the main thread less time than handing them to a worker and back would.
 */
const SHORTER_THAN_HANDING_OVER = 0.1;

/** Longest run, milliseconds, that a lone request may hold the main thread for. */
const LONGEST_ALONE = 1.5;

/** What runs seem to take in the warm-up may be so many times too long. */
const BUSY_START = 2;

/** Threads of a run, the calling one included: it has the machine to itself, or is over before another could help. */
const MOST_THREADS = 4;

/** Files up to this are opened on the main thread: it stands still meanwhile. Bytes. */
const LARGEST_FILE = 8 * 2 ** 20;

/**
 * A session on the calling thread, for models that compute for less time than it takes to wake a worker: their runs
 * happen where the request is. Everything longer goes to the workers, and so does whatever would keep another request
 * waiting.
 */
export class InPlace {
  readonly #session: OrtSession;
  readonly #time: RunTime;
  readonly #idleTime: () => number;
  /** How long the event loop had been idle when the last run ended. */
  #idle = -1;

  private constructor(session: OrtSession, time: RunTime, idleTime: () => number) {
    this.#session = session;
    this.#time = time;
    this.#idleTime = idleTime;
  }

  /**
   * Undefined for a model that is too slow or too large, or not run by the CPU.
   * @param options with the cores that all runs may use together
   * @param time of its runs, from the warm-up of the workers
   * @param idleTime milliseconds for which the event loop has waited for something to do
   */
  static open(
    path: string,
    options: SessionOptions & { readonly cores: number },
    time: RunTime,
    idleTime = () => performance.eventLoopUtilization().idle,
  ): InPlace | undefined {
    const { executionProviders } = options;
    if (executionProviders.some((name) => name !== 'cpu') || statSync(path).size > LARGEST_FILE)
      return undefined;
    if (!(time.shortest < LONGEST_ALONE * BUSY_START)) return undefined;
    const intraOpThreads = Math.max(options.intraOpThreads, Math.min(options.cores, MOST_THREADS));
    return new InPlace(OrtSession.open(path, { ...options, intraOpThreads }), time, idleTime);
  }

  /** @param others whether runs of the model are under way */
  takes(inputs: TensorMap, others: boolean): boolean {
    const expected = this.#time.expected(inputs);
    if (expected < SHORTER_THAN_HANDING_OVER) return true;
    if (expected > LONGEST_ALONE || others) return false;
    // No idle moment since the last run: something waited while it held the thread.
    return this.#idleTime() > this.#idle;
  }

  /** Throws what the session throws. Returns the outputs and the milliseconds that it took. */
  run(inputs: TensorMap, outputs: readonly string[] | undefined): { outputs: TensorMap; time: number } {
    const start = performance.now();
    const computed = this.#session.runSync(inputs, outputs);
    const time = performance.now() - start;
    this.#time.observe(inputs, time);
    this.#idle = this.#idleTime();
    return { outputs: computed, time };
  }

  /** A run of the model on a worker took so many milliseconds. */
  observe(inputs: TensorMap, time: number): void {
    this.#time.observe(inputs, time);
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

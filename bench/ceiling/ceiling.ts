import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Histogram } from '../statistics/histogram.ts';
import type { CeilingAnswer, CeilingDone, CeilingSetup, CeilingTask } from './ceiling-messages.ts';

/** Rows per run that are tried for the most rows per second. */
const BATCH_SIZES = [1, 2, 4, 8, 16, 32];

/** Milliseconds per batch size in the search; a part of it goes before, to warm up. */
const SEARCH = 600;
const WARM_UP_SHARE = 1 / 3;

/**
 * What the runtime can do on this machine: threads that each run a session and do nothing else. A server cannot be
 * faster with as many threads; how near it comes is its own merit.
 */
export class Ceiling implements AsyncDisposable {
  readonly threads: number;
  readonly #workers: readonly Worker[];
  /** Rows per run that gave the most rows per second. */
  bestBatch = 1;

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
    this.threads = workers.length;
  }

  /** `sessions` threads with a session each. Finds the best batch size, with `search` milliseconds for each. */
  static async open(setup: CeilingSetup, sessions: number, search = SEARCH): Promise<Ceiling> {
    const workers = Array.from(
      { length: sessions },
      () => new Worker(new URL('./ceiling-thread.ts', import.meta.url), { workerData: setup }),
    );
    const ceiling = new Ceiling(workers);
    try {
      await ceiling.#search(search);
      return ceiling;
    } catch (error) {
      await ceiling[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Rows per second of all threads at the best batch size, for `duration` milliseconds. */
  async rowsPerSecond(duration: number, rows = this.bestBatch): Promise<number> {
    return rateOf(await this.#run(duration, rows));
  }

  /** Milliseconds per run of one row, one thread alone. */
  async latency(duration: number): Promise<Histogram> {
    const [first] = this.#workers;
    if (first === undefined) throw new Error('the ceiling has no thread');
    return Histogram.from((await ask(first, { rows: 1, duration })).latency);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #run(duration: number, rows: number): Promise<CeilingDone[]> {
    return Promise.all(this.#workers.map((worker) => ask(worker, { rows, duration })));
  }

  /** Undefined where the model runs one row, but not so many. */
  async #try(duration: number, rows: number): Promise<CeilingDone[] | undefined> {
    try {
      await this.#run(duration * WARM_UP_SHARE, rows);
      return await this.#run(duration, rows);
    } catch (error) {
      if (rows === 1) throw error;
      return undefined;
    }
  }

  async #search(duration: number): Promise<void> {
    let best = 0;
    for (const rows of BATCH_SIZES) {
      const done = await this.#try(duration, rows);
      // More rows than it takes: by its shape, or, whatever that says, by what is inside.
      if (done === undefined || done.some(({ taken }) => taken < rows)) return;
      const rate = rateOf(done);
      if (rate <= best) continue;
      best = rate;
      this.bestBatch = rows;
    }
  }
}

const rateOf = (done: readonly CeilingDone[]): number =>
  done.reduce((sum, each) => sum + (each.rows * 1000) / each.elapsed, 0);

async function ask(worker: Worker, task: CeilingTask): Promise<CeilingDone> {
  worker.postMessage(task);
  const [answer]: CeilingAnswer[] = await once(worker, 'message');
  if (answer === undefined) throw new Error('a session thread gave no answer');
  if ('failure' in answer) throw new Error(`the ceiling of ${task.rows} rows a run: ${answer.failure}`);
  return answer;
}

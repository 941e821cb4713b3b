import type { RunOptions } from '../inference/runner.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import type { ComputeBudget } from './compute-budget.ts';
import { loneRunThreads } from './defaults.ts';
import type { Instances } from './instances.ts';
import type { Reply, RunDone, RunTask, WarmTask } from './messages.ts';
import { sampleInputs } from './sample-inputs.ts';
import { type ThreadsOptions, unwrap, WorkerThreads } from './worker-threads.ts';

/** The share of the time of a run with fewer threads that one with more may take, to be worth the memory of a session. */
const WORTH_ITS_MEMORY = 0.8;

/** Runs on either side that tell which is faster: the fastest of each counts, as others may have been held up. */
const TRIALS = 4;

/** After a run that took this long, milliseconds, no more are tried: next to it little is noise. */
const LONG = 200;

/** One in so many runs that it could have goes to another instance all the same: what runs take there has to stay known. */
const ORDINARY_EVERY = 8;

export interface WideOptions extends ThreadsOptions {
  readonly budget: ComputeBudget;
}

/** One more instance, whose session has a thread for each core: for a run that has the machine to itself. */
export class WideInstance {
  readonly #threads: WorkerThreads;
  readonly #warm: WarmTask;
  readonly #options: WideOptions;
  /** False while its worker is lost. */
  #open = true;
  #offered = 0;

  private constructor(threads: WorkerThreads, warm: WarmTask, options: WideOptions) {
    this.#threads = threads;
    this.#warm = warm;
    this.#options = options;
  }

  /**
   * Undefined where it is no faster, cannot be opened or tried, or something else than the CPU computes: the others do
   * without.
   * @param others the instances with fewer threads, warm; some runs on them tell which is faster
   */
  static async open(options: WideOptions, others: Instances): Promise<WideInstance | undefined> {
    const intraOpThreads = loneRunThreads(options.budget.cores, options.intraOpThreads);
    const onlyCpu = options.executionProviders.every((name) => name === 'cpu');
    if (!onlyCpu || intraOpThreads === options.intraOpThreads) return undefined;
    const warm: WarmTask = { sizes: [1], sample: others.warmed?.sample ?? {} };
    let threads: WorkerThreads | undefined;
    try {
      const { stamp } = others.described;
      threads = await WorkerThreads.open({ ...options, intraOpThreads, instances: 1, stamp });
      // The first run of a session takes longer than all others.
      await threads.warm(warm);
      const inputs = sampleInputs(others.described.signature, 1, warm.sample);
      if (await isWorthIt(threads, others, inputs)) return new WideInstance(threads, warm, options);
    } catch (error) {
      options.logger?.warn({ err: error }, 'runs that are alone cannot have more threads');
    }
    await threads?.close();
    return undefined;
  }

  /** Whether a run is for it: whatever else computed would have to share its cores. */
  takes({ alone, background }: RunOptions): boolean {
    if (!this.#open || alone !== true || background === true || !this.#options.budget.idle) return false;
    this.#offered += 1;
    return this.#offered % ORDINARY_EVERY !== 0;
  }

  /** Rejects as `WorkerThreads.run`. */
  async run(task: RunTask): Promise<Reply<RunDone>> {
    const { budget } = this.#options;
    budget.takeAll();
    try {
      return await this.#threads.run(task);
    } catch (error) {
      this.#reopen();
      throw error;
    } finally {
      budget.giveAll();
    }
  }

  close(): Promise<void> {
    return this.#threads.close();
  }

  /** Until another worker has opened the model and is warm, or for good where it cannot, the others do without. */
  #reopen(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#threads.warm(this.#warm).then(
      () => {
        this.#open = true;
      },
      (error: unknown) =>
        this.#options.logger?.warn({ err: error }, 'the wide instance cannot be opened again'),
    );
  }
}

async function isWorthIt(wide: WorkerThreads, others: Instances, inputs: TensorMap): Promise<boolean> {
  let [here, there] = [Infinity, Infinity];
  for (let trial = 0; trial < TRIALS; trial++) {
    here = Math.min(here, await timeOf(wide, inputs));
    there = Math.min(there, await timeOf(others, inputs));
    if (there > LONG) break;
  }
  return here <= there * WORTH_ITS_MEMORY;
}

/** Milliseconds in the session. */
async function timeOf(threads: WorkerThreads | Instances, inputs: TensorMap): Promise<number> {
  const { inferStart, inferEnd } = unwrap(await threads.run({ inputs, outputs: undefined }));
  return inferEnd - inferStart;
}

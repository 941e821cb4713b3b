import type { TensorMap } from '../tensor/tensor.ts';
import { loneRunThreads } from './defaults.ts';
import { type ThreadsOptions, WorkerThreads } from './worker-threads.ts';

/** The share of the time of a run with fewer threads that one with more may take, to be worth the memory of a session. */
const WORTH_ITS_MEMORY = 0.8;

/** Runs on either side that tell which is faster: the fastest of each counts, as others may have been held up. */
const TRIALS = 4;

/** After a run that took this long, milliseconds, no more are tried: next to it little is noise. */
const LONG = 200;

export interface WideOptions extends ThreadsOptions {
  readonly cores: number;
}

/**
 * One more instance, whose session has a thread for each core: for a run that has the machine to itself. Undefined
 * where that is no faster, cannot be opened or tried, or something else than the CPU computes: the others do without.
 * @param others the instances with fewer threads, at rest
 */
export async function openWideInstance(
  options: WideOptions,
  others: WorkerThreads,
  sample: TensorMap,
): Promise<WorkerThreads | undefined> {
  const intraOpThreads = loneRunThreads(options.cores, options.intraOpThreads);
  const onlyCpu = options.executionProviders.every((name) => name === 'cpu');
  if (!onlyCpu || intraOpThreads === options.intraOpThreads) return undefined;
  let wide: WorkerThreads | undefined;
  try {
    wide = await WorkerThreads.open({ ...options, intraOpThreads, instances: 1 });
    if (await isWorthIt(wide, others, sample)) return wide;
  } catch (error) {
    options.logger?.warn({ err: error }, 'runs that are alone cannot have more threads');
  }
  await wide?.close();
  return undefined;
}

async function isWorthIt(wide: WorkerThreads, others: WorkerThreads, inputs: TensorMap): Promise<boolean> {
  let [here, there] = [Infinity, Infinity];
  for (let trial = 0; trial < TRIALS; trial++) {
    here = Math.min(here, await timeOf(wide, inputs));
    there = Math.min(there, await timeOf(others, inputs));
    if (there > LONG) break;
  }
  return here <= there * WORTH_ITS_MEMORY;
}

/** Milliseconds in the session. */
async function timeOf(threads: WorkerThreads, inputs: TensorMap): Promise<number> {
  const { inferStart, inferEnd } = await threads.run({ inputs, outputs: undefined });
  return inferEnd - inferStart;
}

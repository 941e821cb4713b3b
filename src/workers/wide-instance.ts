import type { TensorMap } from '../tensor/tensor.ts';
import { loneRunThreads } from './defaults.ts';
import { type ThreadsOptions, WorkerThreads } from './worker-threads.ts';

/** The share of the time of a run with fewer threads that one with more may take, to be worth the memory of a session. */
const WORTH_ITS_MEMORY = 0.8;

/** Runs on either side that tell which is faster: the fastest of each counts, as others may have been held up. */
const TRIALS = 4;

export interface WideOptions extends ThreadsOptions {
  readonly cores: number;
}

/**
 * One more instance, whose session has a thread for each core: for a run that has the machine to itself. Undefined
 * where that is no faster, the model refuses the sample, or something else than the CPU computes.
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
  const wide = await WorkerThreads.open({ ...options, intraOpThreads, instances: 1 });
  const [here, there] = await fastest([wide, others], sample);
  if (here <= there * WORTH_ITS_MEMORY) return wide;
  await wide.close();
  return undefined;
}

/** Milliseconds of the fastest run of each, in turn; NaN where the model refuses the sample. */
async function fastest(
  sides: readonly [WorkerThreads, WorkerThreads],
  inputs: TensorMap,
): Promise<[number, number]> {
  const least: [number, number] = [Infinity, Infinity];
  try {
    for (let trial = 0; trial < TRIALS; trial++) {
      for (const [side, threads] of sides.entries()) {
        const { inferStart, inferEnd } = await threads.run({ inputs, outputs: undefined });
        least[side] = Math.min(least[side] ?? Infinity, inferEnd - inferStart);
      }
    }
  } catch {
    return [Number.NaN, Number.NaN];
  }
  return least;
}

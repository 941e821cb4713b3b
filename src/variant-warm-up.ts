import type { Logger } from 'pino';
import { CostModel, disagreement, type Measurement } from './scheduling/cost-model.ts';
import type { Interference } from './scheduling/interference.ts';
import type { CostMemory } from './state/variant-state.ts';
import { type SampleOptions, sampleInputs } from './workers/sample-inputs.ts';
import type { WorkerPool } from './workers/worker-pool.ts';

export interface WarmUpOptions {
  readonly pool: Pick<WorkerPool, 'warm' | 'run' | 'shortRunsInPlace' | 'signature'>;
  /** What inputs have to be like for the model to run; undefined where none of those tried did. */
  readonly sample: SampleOptions | undefined;
  /** Whether its inputs may have different lengths in one batch. */
  readonly padded: boolean;
  /** Rows; 0 for a model that is not batched. */
  readonly maxBatchSize: number;
  /** Of the node, learned by all variants together. */
  readonly interference: Interference;
  /** What an earlier process had learned. */
  readonly memory: CostMemory | undefined;
  readonly logger: Logger;
}

/**
 * A second length for models with a sequence axis, and the rows to try it with: what length costs is learned from it.
 */
const LONGER = 64;
const LONGER_ROWS = [1, 4];

/** Rows of the runs that go the whole way to a worker and back. */
const ROUND_TRIPS = [1, 1, 1, 4, 4];

/** Rows by which an earlier profile is judged, beside the largest batch. */
const CHECKED_ROWS = [1, 4];

/** From here on a profile is about another machine, or another load on it. */
const MOST_DISAGREEMENT = 2;

/**
 * Runs sample inputs of every batch size on every instance; the times are the first the scheduler knows of the
 * variant's cost. Where an earlier process left a profile, a few sizes are enough to see whether it still holds: then
 * it stands in for the others, else it is not used and they are run.
 */
export async function warmUp(options: WarmUpOptions): Promise<CostModel> {
  const { sample, padded, maxBatchSize, memory, logger } = options;
  const cost = new CostModel(options.interference);
  const sizes = batchSizes(maxBatchSize);
  const length = sample?.length ?? 1;
  if (memory !== undefined) {
    const some = sizes.filter((rows) => CHECKED_ROWS.includes(rows) || rows === sizes.at(-1));
    const measured = await sweep(options, some, length);
    const factor = disagreement(memory.cost, measured);
    if (factor <= MOST_DISAGREEMENT) {
      cost.sweep(measured);
      cost.roundTrips(await roundTrips(options));
      cost.import(memory.cost, memory.share);
      logger.debug({ factor, share: memory.share }, 'the profile of an earlier start holds');
      return cost;
    }
    logger.info({ factor }, 'the profile of an earlier start is not used: batches take another time now');
  }
  if (padded && maxBatchSize > 0) {
    const longer = LONGER_ROWS.filter((rows) => rows <= maxBatchSize);
    cost.sweep(await sweep(options, longer, LONGER));
  }
  cost.sweep(await sweep(options, sizes, length));
  cost.roundTrips(await roundTrips(options));
  return cost;
}

/** The way to a worker and back costs too, most of all the first times. */
async function roundTrips({ pool, sample, padded, maxBatchSize }: WarmUpOptions): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  if (sample === undefined) return measured;
  pool.shortRunsInPlace();
  for (const rows of ROUND_TRIPS.map((each) => Math.min(each, Math.max(1, maxBatchSize)))) {
    const start = performance.now();
    await pool.run(sampleInputs(pool.signature, rows, sample));
    const length = padded ? (sample.length ?? 1) : 1;
    measured.push({ rows, length, latency: performance.now() - start });
  }
  return measured;
}

/** Milliseconds of each size, without those that the model refuses. */
async function sweep(
  { pool, sample, padded }: WarmUpOptions,
  sizes: readonly number[],
  length: number,
): Promise<Measurement[]> {
  const times = await pool.warm(sizes, padded ? { ...sample, length } : sample);
  return sizes.flatMap((rows, index) => {
    const latency = times[index] ?? Number.NaN;
    return Number.isFinite(latency) ? [{ rows, length: padded ? length : 1, latency }] : [];
  });
}

/** The sizes to warm: powers of two and the largest, ascending; one run as it is for a model that is not batched. */
function batchSizes(maxBatchSize: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < maxBatchSize; size *= 2) sizes.push(size);
  return [...sizes, Math.max(1, maxBatchSize)];
}

import { DynamicBatcher } from './batching/dynamic-batcher.ts';
import type { VersionScheduler } from './batching/version-scheduler.ts';
import type { ResultReuse } from './caching/result-reuse.ts';
import type { CacheObserver, VariantId, VariantObserver } from './inference/observer.ts';
import type { Runner } from './inference/runner.ts';
import type { Batching } from './inference/signature.ts';
import type { Metrics } from './metrics/metrics.ts';
import { composeObservers } from './metrics/statistics.ts';
import {
  accuracyDefaults,
  batchingLimits,
  type OpenedVariant,
  type OpenRequest,
  type OpenVariant,
} from './repository/open-variant.ts';
import { CostModel } from './scheduling/cost-model.ts';
import { noBatchAxis } from './workers/batch-invariance.ts';
import type { ComputeBudget } from './workers/compute-budget.ts';
import { defaultInstances, defaultIntraOpThreads } from './workers/defaults.ts';
import { type ProbedModel, probeModel } from './workers/probe.ts';
import { sampleInputs } from './workers/sample-inputs.ts';
import { openPool, type WorkerPool } from './workers/worker-pool.ts';

export interface VariantOpenerOptions {
  readonly budget: ComputeBudget;
  readonly metrics: Metrics;
  /** The statistics of the version that a variant belongs to. */
  readonly statisticsOf: (id: VariantId) => VariantObserver & CacheObserver;
  readonly schedulerOf: (id: VariantId) => VersionScheduler;
  readonly reuse: ResultReuse;
}

/** A second length for models with a sequence axis, and the rows to try it with: what length costs is learned from it. */
const LONGER = 64;
const LONGER_ROWS = [1, 4];

/**
 * Opens a variant for serving: probe it in a child process, open a pool of instances, warm every batch size on each of
 * them, and give it to the scheduler of its version.
 */
export function createVariantOpener({
  budget,
  metrics,
  statisticsOf,
  schedulerOf,
  reuse,
}: VariantOpenerOptions): OpenVariant {
  return async (request) => {
    const { settings, variant, signal, logger } = request;
    const instances = settings.instances ?? defaultInstances(budget.cores, variant.bytes);
    const intraOpThreads = settings.intraOpThreads ?? defaultIntraOpThreads(budget.cores, instances);
    const { executionProviders, graphOptimization } = settings;
    const limits = batchingLimits(settings);
    const session = { intraOpThreads, executionProviders, graphOptimization };
    const probed = await probeModel(variant.path, {
      ...session,
      sizes: [1],
      signal,
    });
    const batching = decideBatching(limits, probed, settings.batching === 'on');
    const pool = await openPool({ path: variant.path, ...session, instances, budget, logger });
    try {
      const cost = await warmUp(pool, probed, batching, schedulerOf(idOf(request)));
      return serve(request, pool, { batching, cost, probed, intraOpThreads });
    } catch (error) {
      await pool.close();
      throw error;
    }
  };

  function serve(
    request: OpenRequest,
    pool: WorkerPool,
    { batching, cost, probed, intraOpThreads }: Prepared,
  ): OpenedVariant {
    const id = idOf(request);
    const { settings, variant, logger } = request;
    const series = metrics.createVariantObserver(id);
    const observer = composeObservers(series, statisticsOf(id));
    const runner = isClassic(batching)
      ? new DynamicBatcher(pool, { signature: pool.signature, batching, observer })
      : schedulerOf(id).open({
          variant: id.variant,
          accuracy: variant.accuracy,
          runner: pool,
          cost,
          signature: pool.signature,
          batching,
          padding: probed.padding,
          observer,
        });
    // In one step with the scheduler: whoever answers under the variant's name from here on is this opening.
    const reusing = reuse.wrap(runner, {
      id,
      accuracy: variant.accuracy,
      signature: pool.signature,
      defaultPriority: batching.defaultPriority,
      settings: {
        coalesce: settings.coalesce === 'on' || (settings.coalesce === 'auto' && probed.batchable),
        responseCache: settings.responseCache,
      },
      observer,
    });
    if (settings.responseCache && !reuse.hasCache) {
      logger.warn(id, 'responseCache is set, but the server has no response cache: responseCacheBytes is 0');
    }
    series.watch({
      inFlight: () => runner.inFlight,
      instances: () => pool.instances,
      runningBatches: () => pool.running,
    });
    return {
      signature: pool.signature,
      batching,
      runner: withoutSeries(reusing, () => series.close()),
      observer,
      instances: pool.instances,
      intraOpThreads,
      executionProviders: settings.executionProviders,
      omittedOutputs: pool.omittedOutputs,
      defaults: accuracyDefaults(settings),
    };
  }
}

interface Prepared {
  readonly batching: Batching;
  readonly cost: CostModel;
  readonly probed: ProbedModel;
  readonly intraOpThreads: number;
}

const idOf = ({ model, version, variant }: OpenRequest): VariantId => ({
  model,
  version,
  variant: variant.variant,
});

/** Whoever sets a delay or preferred sizes asks for batching by these, not for the scheduler. */
const isClassic = ({ maxQueueDelay, preferredBatchSizes }: Batching): boolean =>
  maxQueueDelay > 0 || preferredBatchSizes.length > 0;

/** Rows of the runs that go the whole way to a worker and back. */
const ROUND_TRIPS = [1, 1, 1, 4, 4];

/** Runs every batch size on every instance; the times are the first the scheduler knows of the variant's cost. */
async function warmUp(
  pool: WorkerPool,
  { sample, padding }: ProbedModel,
  { maxBatchSize }: Batching,
  scheduler: VersionScheduler,
): Promise<CostModel> {
  const cost = new CostModel(scheduler.interference);
  const measure = async (sizes: readonly number[], length: number): Promise<void> => {
    const times = await pool.warm(sizes, padding === undefined ? sample : { ...sample, length });
    cost.sweep(
      sizes.flatMap((rows, index) => {
        const latency = times[index] ?? Number.NaN;
        return Number.isFinite(latency)
          ? [{ rows, length: padding === undefined ? 1 : length, latency }]
          : [];
      }),
    );
  };
  if (padding !== undefined && maxBatchSize > 0) {
    await measure(
      LONGER_ROWS.filter((rows) => rows <= maxBatchSize),
      LONGER,
    );
  }
  await measure(batchSizes(maxBatchSize), sample?.length ?? 1);
  if (sample === undefined) return cost;
  // The way to a worker and back costs too, most of all the first times.
  for (const rows of ROUND_TRIPS.map((each) => Math.min(each, Math.max(1, maxBatchSize)))) {
    const start = performance.now();
    await pool.run(sampleInputs(pool.signature, rows, sample));
    const length = padding === undefined ? 1 : (sample.length ?? 1);
    cost.sweep([{ rows, length, latency: performance.now() - start }]);
  }
  return cost;
}

/** The runner, whose metrics are forgotten when it is closed. */
function withoutSeries(runner: Runner, forget: () => void): Runner {
  return {
    run: (inputs, options) => runner.run(inputs, options),
    close: async () => {
      await runner.close();
      forget();
    },
  };
}

/** What is configured, as far as the probe allows it. */
function decideBatching(limits: Omit<Batching, 'reason'>, probed: ProbedModel, forced: boolean): Batching {
  if (limits.maxBatchSize === 0) return { ...limits, reason: 'off: configured' };
  if (forced && noBatchAxis(probed.signature) === undefined) return { ...limits, reason: 'on: configured' };
  if (probed.batchable) return { ...limits, reason: `on: ${probed.reason}` };
  return { ...limits, maxBatchSize: 0, preferredBatchSizes: [], reason: `off: ${probed.reason}` };
}

/** The sizes to warm: powers of two and the largest, ascending; one run as it is for a model that is not batched. */
function batchSizes(maxBatchSize: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < maxBatchSize; size *= 2) sizes.push(size);
  return [...sizes, Math.max(1, maxBatchSize)];
}

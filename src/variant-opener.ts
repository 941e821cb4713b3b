import { DynamicBatcher } from './batching/dynamic-batcher.ts';
import type { VariantId, VariantObserver } from './inference/observer.ts';
import type { Runner } from './inference/runner.ts';
import type { Batching } from './inference/signature.ts';
import type { Metrics } from './metrics/metrics.ts';
import { composeObservers } from './metrics/statistics.ts';
import {
  batchingLimits,
  type OpenedVariant,
  type OpenRequest,
  type OpenVariant,
} from './repository/open-variant.ts';
import { noBatchAxis } from './workers/batch-invariance.ts';
import type { ComputeBudget } from './workers/compute-budget.ts';
import { defaultInstances, defaultIntraOpThreads } from './workers/defaults.ts';
import { type ProbedModel, probeModel } from './workers/probe.ts';
import { openPool, type WorkerPool } from './workers/worker-pool.ts';

export interface VariantOpenerOptions {
  readonly budget: ComputeBudget;
  readonly metrics: Metrics;
  /** The statistics of the version that a variant belongs to. */
  readonly statisticsOf: (id: VariantId) => VariantObserver;
}

/**
 * Opens a variant for serving: probe it in a child process, open a pool of instances, warm every batch size on each of
 * them, and put a batcher in front.
 */
export function createVariantOpener({ budget, metrics, statisticsOf }: VariantOpenerOptions): OpenVariant {
  return async (request) => {
    const { settings, variant, signal, logger } = request;
    const instances = settings.instances ?? defaultInstances(budget.cores, variant.bytes);
    const intraOpThreads = settings.intraOpThreads ?? defaultIntraOpThreads(budget.cores, instances);
    const { executionProviders, graphOptimization } = settings;
    const limits = batchingLimits(settings);
    const session = { intraOpThreads, executionProviders, graphOptimization };
    const probed = await probeModel(variant.path, {
      ...session,
      sizes: batchSizes(limits.maxBatchSize),
      signal,
    });
    const batching = decideBatching(limits, probed, settings.batching === 'on');
    const pool = await openPool({ path: variant.path, ...session, instances, budget, logger });
    try {
      await pool.warm(batchSizes(batching.maxBatchSize), probed.sample);
      return serve(request, pool, batching, intraOpThreads);
    } catch (error) {
      await pool.close();
      throw error;
    }
  };

  function serve(
    { model, version, variant, settings }: OpenRequest,
    pool: WorkerPool,
    batching: Batching,
    intraOpThreads: number,
  ): OpenedVariant {
    const id = { model, version, variant: variant.variant };
    const series = metrics.createVariantObserver(id);
    const observer = composeObservers(series, statisticsOf(id));
    const batcher = new DynamicBatcher(pool, { signature: pool.signature, batching, observer });
    series.watch({
      inFlight: () => batcher.inFlight,
      instances: () => pool.instances,
      runningBatches: () => pool.running,
    });
    return {
      signature: pool.signature,
      batching,
      runner: withoutSeries(batcher, () => series.close()),
      observer,
      instances: pool.instances,
      intraOpThreads,
      executionProviders: settings.executionProviders,
      omittedOutputs: pool.omittedOutputs,
    };
  }
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

import { DynamicBatcher } from './batching/dynamic-batcher.ts';
import { SpareCapacity } from './batching/spare-capacity.ts';
import type { VersionScheduler } from './batching/version-scheduler.ts';
import type { ResultReuse } from './caching/result-reuse.ts';
import type { CacheObserver, VariantId, VariantObserver } from './inference/observer.ts';
import type { Runner } from './inference/runner.ts';
import { isClassic } from './inference/signature.ts';
import type { Metrics } from './metrics/metrics.ts';
import { composeObservers } from './metrics/statistics.ts';
import type { VariantMetrics } from './metrics/variant-series.ts';
import {
  accuracyDefaults,
  type OpenedVariant,
  type OpenRequest,
  type OpenVariant,
} from './repository/open-variant.ts';
import type { StateFolder } from './state/state-folder.ts';
import { type PreparedVariant, Preparer } from './variant-preparation.ts';
import type { ComputeBudget } from './workers/compute-budget.ts';
import type { LoadTurns } from './workers/load-turns.ts';
import type { Prober } from './workers/probe.ts';

export interface VariantOpenerOptions {
  readonly budget: ComputeBudget;
  readonly prober: Prober;
  readonly turns: LoadTurns;
  /** What earlier starts learned; undefined where nothing is kept. */
  readonly state: StateFolder | undefined;
  readonly metrics: Metrics;
  /** The statistics of the version that a variant belongs to. */
  readonly statisticsOf: (id: VariantId) => VariantObserver & CacheObserver;
  readonly schedulerOf: (id: VariantId) => VersionScheduler;
  readonly reuse: ResultReuse;
}

/** Opens a variant for serving: prepares it and gives it to the scheduler of its version. */
export function createVariantOpener({
  budget,
  prober,
  turns,
  state,
  metrics,
  statisticsOf,
  schedulerOf,
  reuse,
}: VariantOpenerOptions): OpenVariant {
  const preparer = new Preparer({ budget, prober, turns, state });
  const spare = new SpareCapacity();
  return async (request) => {
    const id = idOf(request);
    const prepared = await preparer.prepare(request, schedulerOf(id).interference);
    const series = metrics.createVariantObserver(id);
    try {
      return serve(request, prepared, series);
    } catch (error) {
      series.close();
      await prepared.pool.close();
      await prepared.keeper?.close();
      throw error;
    }
  };

  function serve(
    request: OpenRequest,
    { pool, batching, cost, verdict, intraOpThreads, keeper }: PreparedVariant,
    series: VariantMetrics,
  ): OpenedVariant {
    const id = idOf(request);
    const { settings, variant, logger } = request;
    const observer = composeObservers(series, statisticsOf(id));
    const lane = isClassic(batching)
      ? undefined
      : schedulerOf(id).open({
          variant: id.variant,
          accuracy: variant.accuracy,
          runner: pool,
          cost,
          signature: pool.signature,
          batching,
          padding: verdict.padding,
          observer,
        });
    const runner = lane ?? new DynamicBatcher(pool, { signature: pool.signature, batching, observer });
    // In one step with the scheduler: whoever answers under the variant's name from here on is this opening.
    const reusing = reuse.wrap(runner, {
      id,
      accuracy: variant.accuracy,
      signature: pool.signature,
      defaultPriority: batching.defaultPriority,
      settings: {
        coalesce: settings.coalesce === 'on' || (settings.coalesce === 'auto' && verdict.batchable),
        responseCache: settings.responseCache,
      },
      observer,
    });
    if (settings.responseCache && !reuse.hasCache) {
      logger.warn(id, 'responseCache is set, but the server has no response cache: responseCacheBytes is 0');
    }
    const leave = spare.join(runner);
    series.watch({
      inFlight: () => runner.inFlight,
      instances: () => pool.threads,
      runningBatches: () => pool.running,
      saturation: () => (runner instanceof DynamicBatcher ? runner.saturation : 0),
    });
    return {
      signature: pool.signature,
      batching,
      runner: closing(reusing, async () => {
        series.close();
        leave();
        await keeper?.close();
      }),
      spare: spare.lane(pool, batching),
      // A request that the response cache might answer has to be read.
      ...(lane === undefined || (settings.responseCache && reuse.hasCache)
        ? {}
        : { refusal: (...asking: Parameters<typeof lane.refusal>) => lane.refusal(...asking) }),
      observer,
      instances: pool.mostInstances,
      intraOpThreads,
      executionProviders: settings.executionProviders,
      omittedOutputs: pool.omittedOutputs,
      defaults: accuracyDefaults(settings),
    };
  }
}

const idOf = ({ model, version, variant }: OpenRequest): VariantId => ({
  model,
  version,
  variant: variant.variant,
});

/** The runner, after whose end there is something left to do. */
function closing(runner: Runner, finish: () => Promise<void>): Runner {
  return {
    run: (inputs, options) => runner.run(inputs, options),
    close: async () => {
      await runner.close();
      await finish();
    },
  };
}

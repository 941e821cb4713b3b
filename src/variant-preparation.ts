import { createHash } from 'node:crypto';
import type { Batching } from './inference/signature.ts';
import { hashFile } from './repository/checksum.ts';
import { batchingLimits, type OpenRequest } from './repository/open-variant.ts';
import type { CostModel } from './scheduling/cost-model.ts';
import type { Interference } from './scheduling/interference.ts';
import type { StateFolder } from './state/state-folder.ts';
import type { VariantKey, VariantVerdict } from './state/variant-record.ts';
import { type Known, recall, VariantKeeper } from './state/variant-state.ts';
import { warmUp } from './variant-warm-up.ts';
import { noBatchAxis } from './workers/batch-invariance.ts';
import type { ComputeBudget } from './workers/compute-budget.ts';
import {
  cpuModel,
  defaultInstances,
  defaultIntraOpThreads,
  fitsOneMore,
  instancesAtFirst,
} from './workers/defaults.ts';
import type { LoadTurns } from './workers/load-turns.ts';
import type { Prober } from './workers/probe.ts';
import type { ProbeReport } from './workers/probe-messages.ts';
import { runtimeVersion } from './workers/runtime-version.ts';
import type { SessionOptions } from './workers/session-options.ts';
import { openPool, type WorkerPool } from './workers/worker-pool.ts';

export interface PreparerOptions {
  readonly budget: ComputeBudget;
  readonly prober: Prober;
  readonly turns: LoadTurns;
  /** What earlier starts learned; undefined where nothing is kept. */
  readonly state: StateFolder | undefined;
}

/** A variant with its workers, warm, and what is known of it. Whoever has it closes the pool, then the keeper. */
export interface PreparedVariant {
  readonly pool: WorkerPool;
  readonly batching: Batching;
  readonly cost: CostModel;
  readonly verdict: VariantVerdict;
  readonly intraOpThreads: number;
  readonly keeper: VariantKeeper | undefined;
}

/** Looks a variant up in what earlier starts learned, else tries it in a child process; opens its pool and warms it. */
export class Preparer {
  readonly #budget: ComputeBudget;
  readonly #prober: Prober;
  readonly #turns: LoadTurns;
  readonly #state: StateFolder | undefined;
  /** Sweeps are run one after the other: two at a time would measure each other. */
  #sweeping: Promise<unknown> = Promise.resolve();

  constructor({ budget, prober, turns, state }: PreparerOptions) {
    this.#budget = budget;
    this.#turns = turns;
    this.#prober = prober;
    this.#state = state;
  }

  /** Rejects with the reason when the model cannot be served. */
  prepare(request: OpenRequest, interference: Interference): Promise<PreparedVariant> {
    return this.#turns.run(request.main, () => this.#prepare(request, interference));
  }

  async #prepare(request: OpenRequest, interference: Interference): Promise<PreparedVariant> {
    const { settings, variant } = request;
    const { cores } = this.#budget;
    const instances = settings.instances ?? defaultInstances(cores, variant.bytes);
    const intraOpThreads = settings.intraOpThreads ?? defaultIntraOpThreads(cores, instances);
    const { executionProviders, graphOptimization } = settings;
    const session = { intraOpThreads, executionProviders, graphOptimization };
    const remembered = this.#remember(request, { ...session, instances });
    const verdict = await this.#judge(request, session, remembered);
    const logger = request.logger.child({ model: request.model, variant: variant.variant });
    // Whoever sets instances or threads decides what the variant takes.
    const unset = settings.instances === undefined && settings.intraOpThreads === undefined;
    const wide = unset && fitsOneMore(instances, variant.bytes);
    const pool = await openPool({
      path: variant.path,
      ...session,
      instances,
      atFirst: settings.instances ?? instancesAtFirst(instances),
      budget: this.#budget,
      version: `${request.model}/${request.version}`,
      wide,
      logger,
    });
    try {
      const batching = decideBatching(request, verdict, pool);
      const { key, known } = await remembered;
      const cost = await this.#alone(() =>
        warmUp({
          pool,
          sample: verdict.sample,
          padded: verdict.padding !== undefined,
          maxBatchSize: batching.maxBatchSize,
          interference,
          memory: known?.profile,
          logger,
        }),
      );
      // Nobody waits for it: during the start, after every variant that answers for its model.
      this.#turns
        .run(false, () => this.#alone(() => pool.openWideInstance()))
        .catch((error: unknown) => logger.warn({ err: error }, 'runs that are alone have no more threads'));
      const keeper = this.#keeperOf(key, verdict, cost, known);
      return { pool, batching, cost, verdict, intraOpThreads, keeper };
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  #alone<Result>(sweep: () => Promise<Result>): Promise<Result> {
    const swept = this.#sweeping.then(sweep);
    this.#sweeping = swept.catch(() => {});
    return swept;
  }

  /** Never rejects. */
  async #remember(
    { variant, settings, signal }: OpenRequest,
    { instances, intraOpThreads, executionProviders, graphOptimization }: KeyedSettings,
  ): Promise<Remembered> {
    const state = this.#state;
    if (state === undefined) return {};
    try {
      const key: VariantKey = {
        sha256: variant.sha256 ?? (await hashFile(variant.path, signal)),
        data: createHash('sha256').update(variant.dataStamp).digest('hex'),
        cpu: cpuModel().slice(0, 256),
        cores: this.#budget.cores,
        runtime: runtimeVersion(),
        instances,
        intraOpThreads,
        executionProviders: [...executionProviders],
        graphOptimization: graphOptimization ?? 'all',
        maxBatchSize: settings.maxBatchSize,
      };
      const known = await recall(state, key);
      return known === undefined ? { key } : { key, known };
    } catch {
      // It cannot be read: opening it tells why.
      return {};
    }
  }

  /**
   * A checksum that is at hand is looked up before anything is tried. Where it has to be computed first, the probe does
   * not wait for that: whichever knows first counts.
   */
  async #judge(
    { variant, signal }: OpenRequest,
    session: SessionOptions,
    remembered: Promise<Remembered>,
  ): Promise<VariantVerdict> {
    if (this.#state !== undefined && variant.sha256 !== undefined) {
      const { known } = await remembered;
      if (known !== undefined) return known.verdict;
    }
    const enough = new AbortController();
    const probing = this.#prober
      .probe(variant.path, {
        ...session,
        dataBytes: variant.dataBytes,
        signal: AbortSignal.any([signal, enough.signal]),
      })
      .then(verdictOf);
    const recalled = remembered.then(({ known }) => known?.verdict ?? probing);
    try {
      return await Promise.race([probing, recalled]);
    } finally {
      enough.abort();
      recalled.catch(() => {});
      probing.catch(() => {});
    }
  }

  #keeperOf(
    key: VariantKey | undefined,
    verdict: VariantVerdict,
    cost: CostModel,
    known: Known | undefined,
  ): VariantKeeper | undefined {
    if (this.#state === undefined || key === undefined) return undefined;
    return new VariantKeeper({
      folder: this.#state,
      key,
      verdict,
      cost,
      known: known !== undefined,
    });
  }
}

interface KeyedSettings extends SessionOptions {
  readonly instances: number;
}

interface Remembered {
  readonly key?: VariantKey;
  readonly known?: Known;
}

/** Only what holds for the next start too: the signature is read from the file each time. */
function verdictOf({ batchable, reason, sample, padding }: ProbeReport): VariantVerdict {
  return {
    batchable,
    reason,
    ...(sample === undefined
      ? {}
      : { sample: { length: sample.length ?? 1, largestId: sample.largestId ?? 1 } }),
    ...(padding === undefined ? {} : { padding }),
  };
}

/** What is configured, as far as the probe allows it. */
function decideBatching({ settings }: OpenRequest, verdict: VariantVerdict, pool: WorkerPool): Batching {
  const limits = batchingLimits(settings);
  if (limits.maxBatchSize === 0) return { ...limits, reason: 'off: configured' };
  if (settings.batching === 'on' && noBatchAxis(pool.signature) === undefined) {
    return { ...limits, reason: 'on: configured' };
  }
  if (verdict.batchable) return { ...limits, reason: `on: ${verdict.reason}` };
  return { ...limits, maxBatchSize: 0, preferredBatchSizes: [], reason: `off: ${verdict.reason}` };
}

import { performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { CacheState, ScheduleState, VariantId } from '../inference/observer.ts';
import type { IndexEntry, ModelState } from '../inference/served.ts';
import { addCacheMetrics } from './cache-metrics.ts';
import { METRICS, type MetricDefinition } from './definitions.ts';
import type { Distribution } from './distribution.ts';
import { addCounter, addGauge, addHistogram, type Labels, type Read, type Sample } from './families.ts';
import { LoopShare } from './loop-share.ts';
import { addRolloutMetrics, type RolloutFigures } from './rollout-metrics.ts';
import { addScheduleMetrics } from './schedule-metrics.ts';
import { type Transport, type TransportObserver, TransportSeries } from './transport-series.ts';
import { addTritonMetrics } from './triton.ts';
import { fullest, noOutcomes, type Outcome, VariantMetrics, VariantSeries } from './variant-series.ts';

export interface MetricsOptions {
  /** Version of the server, for the build information. */
  readonly version: string;
  /** Also exports Triton's `nv_inference_*` names. */
  readonly tritonMetrics?: boolean;
}

const STATES: readonly ModelState[] = ['UNKNOWN', 'LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE'];

interface VersionLoads {
  ready: number;
  failed: number;
  /** Undefined before the first that opened anything. */
  seconds: number | undefined;
}

/** All figures of the server, on a registry of its own. Lives in the main thread; workers send their timings there. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #variants = new Map<string, VariantSeries>();
  readonly #transports = new TransportSeries();
  readonly #loads = new Map<string, VersionLoads>();
  readonly #unknown = noOutcomes();
  #loop: LoopShare | undefined;
  #gatewayThreads: () => readonly number[] = () => [];
  #index: () => readonly IndexEntry[] = () => [];
  #schedules: () => readonly ScheduleState[] = () => [];
  #rollouts: RolloutFigures = { states: () => [], rollbacks: () => [] };
  #cache: () => CacheState = () => ({ bytes: 0, entries: 0, evictions: 0, maxBytes: 0 });

  constructor({ version, tritonMetrics = false }: MetricsOptions) {
    collectDefaultMetrics({ register: this.#registry });
    this.#addVariantMetrics();
    this.#addModelMetrics();
    addScheduleMetrics(
      this.#registry,
      () => this.#schedules(),
      () => Math.max(this.#loop?.read() ?? 0, fullest(this.#variants.values())),
    );
    addRolloutMetrics(this.#registry, {
      states: () => this.#rollouts.states(),
      rollbacks: () => this.#rollouts.rollbacks(),
    });
    addCacheMetrics(this.#registry, () => this.#cache());
    this.#transports.register(this.#registry);
    addCounter(this.#registry, METRICS.eventLoopActive, () => [
      { labels: { thread: 'main' }, value: performance.eventLoopUtilization().active / 1000 },
      ...this.#gatewayThreads().map((value, each) => ({ labels: { thread: `gateway-${each}` }, value })),
    ]);
    const build = { version, node: process.versions.node };
    addGauge(this.#registry, METRICS.buildInfo, () => [{ labels: build, value: 1 }]);
    if (tritonMetrics) addTritonMetrics(this.#registry, () => this.#variants.values());
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Names of everything exported, the process metrics included. */
  names(): readonly string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  /** Opens the series of a variant, at zero. `close` the result when the variant is unloaded. */
  createVariantObserver(id: VariantId): VariantMetrics {
    const key = `${id.model}/${id.version}/${id.variant}`;
    const series = this.#variants.get(key) ?? new VariantSeries(id);
    this.#variants.set(key, series);
    return new VariantMetrics(series, (variant) => {
      series.open.delete(variant);
      if (series.open.size === 0) this.#variants.delete(key);
    });
  }

  /**
   * A request that reached no variant: its model is not known or not ready. The name a client sent is never a label.
   */
  requestUnresolved(code: Outcome): void {
    this.#unknown[code]++;
  }

  /** For the `onRequestEnded` of a server. */
  transport(transport: Transport): TransportObserver {
    return this.#transports.observer(transport);
  }

  /** The start is over: what the event loop does from now on is told, before it was busy with that. */
  started(loop = new LoopShare()): void {
    this.#loop = loop;
  }

  /** A load of a version ended, after `duration` milliseconds where anything was opened. */
  loadEnded(model: string, version: string, ready: boolean, duration?: number): void {
    const key = versionKey(model, version);
    const loads = this.#loads.get(key) ?? { ready: 0, failed: 0, seconds: undefined };
    loads[ready ? 'ready' : 'failed']++;
    if (duration !== undefined) loads.seconds = duration / 1000;
    this.#loads.set(key, loads);
  }

  /** Where the busy seconds of each gateway thread are read. */
  watchGatewayThreads(activeSeconds: () => readonly number[]): void {
    this.#gatewayThreads = activeSeconds;
  }

  /** Where the states of all versions are read. What is not in the index has no series. */
  watchIndex(index: () => readonly IndexEntry[]): void {
    this.#index = index;
  }

  /** Where the state of the scheduling is read. */
  watchSchedules(schedules: () => readonly ScheduleState[]): void {
    this.#schedules = schedules;
  }

  /** Where the state of the response cache is read. */
  watchCache(state: () => CacheState): void {
    this.#cache = state;
  }

  /** Where the figures of the rollouts are read. */
  watchRollouts(rollouts: RolloutFigures): void {
    this.#rollouts = rollouts;
  }

  #addVariantMetrics(): void {
    const registry = this.#registry;
    const variants = this.#variants;
    const each = <Value>(pick: (series: VariantSeries) => Value): Read<Value> =>
      function* read() {
        for (const series of variants.values()) yield { labels: labelsOf(series.id), value: pick(series) };
      };
    const histogram = (definition: MetricDefinition, pick: (series: VariantSeries) => Distribution) =>
      addHistogram(registry, definition, each(pick));
    const gauge = (definition: MetricDefinition, pick: (variant: VariantMetrics) => number) =>
      addGauge(
        registry,
        definition,
        each((series) => series.total(pick)),
      );

    addCounter(registry, METRICS.requests, () => this.#requestSamples());
    histogram(METRICS.requestDuration, ({ request }) => request);
    histogram(METRICS.queueDuration, ({ queue }) => queue);
    histogram(METRICS.computeInputDuration, ({ computeInput }) => computeInput);
    histogram(METRICS.computeInferDuration, ({ computeInfer }) => computeInfer);
    histogram(METRICS.computeOutputDuration, ({ computeOutput }) => computeOutput);
    addCounter(registry, METRICS.rejected, () => this.#split('reason', ({ rejected }) => rejected));
    addCounter(
      registry,
      METRICS.rows,
      each(({ rows }) => rows),
    );
    histogram(METRICS.batchSize, ({ batchSize }) => batchSize);
    addCounter(registry, METRICS.dispatched, () => this.#split('reason', ({ dispatched }) => dispatched));
    addCounter(
      registry,
      METRICS.failedBatches,
      each(({ failedBatches }) => failedBatches),
    );
    addCounter(
      registry,
      METRICS.batchTokens,
      each(({ tokens }) => tokens),
    );
    addCounter(
      registry,
      METRICS.paddingTokens,
      each(({ padding }) => padding),
    );
    addCounter(
      registry,
      METRICS.coalesced,
      each(({ coalesced }) => coalesced),
    );
    addCounter(registry, METRICS.cacheLookups, () => this.#split('result', ({ cache }) => cache));
    gauge(METRICS.queueDepth, ({ queueDepth }) => queueDepth);
    gauge(METRICS.inFlight, ({ inFlight }) => inFlight);
    gauge(METRICS.instances, ({ instances }) => instances);
    gauge(METRICS.busyInstances, ({ busyInstances }) => busyInstances);
  }

  *#requestSamples(): Iterable<Sample<number>> {
    yield* this.#split('code', ({ requests }) => requests);
    const unknown = labelsOf({ model: 'unknown', version: '', variant: '' });
    for (const [code, value] of Object.entries(this.#unknown)) {
      if (value > 0 || code === 'not_found') yield { labels: { ...unknown, code }, value };
    }
  }

  *#split(
    label: string,
    pick: (series: VariantSeries) => Readonly<Record<string, number>>,
  ): Iterable<Sample<number>> {
    for (const series of this.#variants.values()) {
      const labels = labelsOf(series.id);
      for (const [key, value] of Object.entries(pick(series))) {
        yield { labels: { ...labels, [label]: key }, value };
      }
    }
  }

  #addModelMetrics(): void {
    addGauge(this.#registry, METRICS.modelState, () =>
      this.#index().flatMap(({ name, version, state }) =>
        STATES.map((each) => ({
          labels: { model: name, version, state: each },
          value: each === state ? 1 : 0,
        })),
      ),
    );
    addGauge(this.#registry, METRICS.loadDuration, () =>
      this.#loadSamples(({ seconds }, labels) => (seconds === undefined ? [] : [{ labels, value: seconds }])),
    );
    addCounter(this.#registry, METRICS.loads, () =>
      this.#loadSamples(({ ready, failed }, labels) => [
        { labels: { ...labels, result: 'ready' }, value: ready },
        { labels: { ...labels, result: 'failed' }, value: failed },
      ]),
    );
  }

  #loadSamples(pick: (loads: VersionLoads, labels: Labels) => Sample<number>[]): Sample<number>[] {
    return this.#index().flatMap(({ name, version }) => {
      const loads = this.#loads.get(versionKey(name, version));
      return loads === undefined ? [] : pick(loads, { model: name, version });
    });
  }
}

const labelsOf = ({ model, version, variant }: VariantId): Labels => ({ model, version, variant });

const versionKey = (model: string, version: string): string => `${model}/${version}`;

import type { Code } from '../errors.ts';
import type { BatchRecord, CacheObserver, VariantObserver } from '../inference/observer.ts';
import type { Reuse } from '../inference/runner.ts';
import type {
  BatchStatistic,
  DurationStatistic,
  InferenceStatistics,
  StatisticsSnapshot,
  VersionStatistics,
} from '../inference/statistics.ts';
import type { Timings } from '../inference/timings.ts';

/** A count and the milliseconds that belong to it. */
class Duration {
  #count = 0;
  #milliseconds = 0;

  add(milliseconds: number): void {
    this.#count++;
    this.#milliseconds += milliseconds;
  }

  statistic(): DurationStatistic {
    return { count: this.#count, ns: Math.round(this.#milliseconds * 1e6) };
  }
}

interface ComputeTimes {
  readonly computeInput: Duration;
  readonly computeInfer: Duration;
  readonly computeOutput: Duration;
}

const noCompute = (): ComputeTimes => ({
  computeInput: new Duration(),
  computeInfer: new Duration(),
  computeOutput: new Duration(),
});

function addCompute(times: ComputeTimes, timings: Timings): void {
  times.computeInput.add(timings.computeInput);
  times.computeInfer.add(timings.computeInfer);
  times.computeOutput.add(timings.computeOutput);
}

/**
 * The statistics extension of one version: listens to the variants of the version and answers what they did since it
 * was loaded. An answer from the response cache is a success and nothing else.
 */
export class StatisticsRecorder implements VariantObserver, CacheObserver, VersionStatistics {
  readonly #success = new Duration();
  readonly #fail = new Duration();
  readonly #queue = new Duration();
  readonly #compute = noCompute();
  readonly #hits = new Duration();
  readonly #misses = new Duration();
  readonly #batches = new Map<number, ComputeTimes>();
  readonly #now: () => number;
  #lastInference = 0;
  #rows = 0;
  #executions = 0;

  /** @param now Milliseconds since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  requestEnded(code: Code | 'ok', duration: number, timings: Timings, rows: number, reuse?: Reuse): void {
    this.#lastInference = this.#now();
    if (code !== 'ok') {
      this.#fail.add(duration);
      return;
    }
    this.#success.add(duration);
    if (reuse === 'cached') return;
    if (reuse === undefined) this.#rows += rows;
    this.#queue.add(timings.queue);
    addCompute(this.#compute, timings);
  }

  requestRejected(): void {}

  cacheAsked(hit: boolean, duration: number): void {
    (hit ? this.#hits : this.#misses).add(duration);
  }

  batchEnded({ rows, timings, failed }: BatchRecord): void {
    if (failed) return;
    this.#executions++;
    const times = this.#batches.get(rows) ?? noCompute();
    this.#batches.set(rows, times);
    addCompute(times, timings);
  }

  queueChanged(): void {}

  snapshot(): StatisticsSnapshot {
    return {
      last_inference: this.#lastInference,
      inference_count: this.#rows,
      execution_count: this.#executions,
      inference_stats: this.#inferenceStatistics(),
      batch_stats: this.#batchStatistics(),
    };
  }

  #inferenceStatistics(): InferenceStatistics {
    return {
      success: this.#success.statistic(),
      fail: this.#fail.statistic(),
      queue: this.#queue.statistic(),
      compute_input: this.#compute.computeInput.statistic(),
      compute_infer: this.#compute.computeInfer.statistic(),
      compute_output: this.#compute.computeOutput.statistic(),
      cache_hit: this.#hits.statistic(),
      cache_miss: this.#misses.statistic(),
    };
  }

  #batchStatistics(): BatchStatistic[] {
    return [...this.#batches]
      .sort(([a], [b]) => a - b)
      .map(([size, times]) => ({
        batch_size: size,
        compute_input: times.computeInput.statistic(),
        compute_infer: times.computeInfer.statistic(),
        compute_output: times.computeOutput.statistic(),
      }));
  }
}

type Observer = VariantObserver & CacheObserver;

/** An observer that tells both. */
export function composeObservers(first: Observer, second: Observer): Observer {
  return {
    requestEnded(code, duration, timings, rows, reuse) {
      first.requestEnded(code, duration, timings, rows, reuse);
      second.requestEnded(code, duration, timings, rows, reuse);
    },
    cacheAsked(hit, duration) {
      first.cacheAsked(hit, duration);
      second.cacheAsked(hit, duration);
    },
    requestRejected(reason) {
      first.requestRejected(reason);
      second.requestRejected(reason);
    },
    batchEnded(record) {
      first.batchEnded(record);
      second.batchEnded(record);
    },
    queueChanged(depth) {
      first.queueChanged(depth);
      second.queueChanged(depth);
    },
  };
}

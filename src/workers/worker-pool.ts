import { InferenceError, unavailable } from '../errors.ts';
import type { RunOptions, RunResult, SlottedRunner } from '../inference/runner.ts';
import type { Signature } from '../inference/signature.ts';
import { isStrings, type TensorMap } from '../tensor/tensor.ts';
import { TASKS_PER_WORKER } from './balance.ts';
import type { ComputeBudget, Seat } from './compute-budget.ts';
import { stampOf } from './file-stamp.ts';
import { InPlace } from './in-place.ts';
import { Instances, type InstancesOptions } from './instances.ts';
import type { WarmTask } from './messages.ts';
import { monotonic } from './monotonic.ts';
import { placeInputs } from './place-inputs.ts';
import { rowsOf } from './rows.ts';
import { elementsOf, type TimedRun } from './run-time.ts';
import { type SampleOptions, sampleInputs } from './sample-inputs.ts';
import { SharedMemory } from './shared-memory.ts';
import { WideInstance } from './wide-instance.ts';
import { unwrap } from './worker-threads.ts';

export interface PoolOptions extends InstancesOptions {
  /** Shared by all pools of the process. */
  readonly budget: ComputeBudget;
  /** Names the version that it is a variant of, whose pools share turns; it stands alone when left out. */
  readonly version?: string;
  /** Whether one more session may be held, with a thread for each core, for runs that have the machine to themselves. */
  readonly wide?: boolean;
}

/**
 * Runs shorter than this, milliseconds, leave a worker idle for a noticeable part of the time while it is handed the
 * next.
 */
const HAND_AHEAD_BELOW = 2;

/** Free input memory that a pool keeps, bytes. */
const KEPT_MEMORY = 64 * 2 ** 20;

/** The share of the newest run in the moving average of run times. */
const NEWEST = 0.1;

/** Opens the model. Rejects with `failed_precondition` and the reason when it cannot be. */
export async function openPool(options: PoolOptions): Promise<WorkerPool> {
  return new WorkerPool(await Instances.open(options), options);
}

/** One loaded variant: its instances, seen as slots. */
export class WorkerPool implements SlottedRunner {
  readonly signature: Signature;
  readonly omittedOutputs: readonly string[];
  readonly #instances: Instances;
  readonly #budget: ComputeBudget;
  readonly #seat: Seat;
  readonly #memory = new SharedMemory(KEPT_MEMORY);
  readonly #listeners = new Set<() => void>();
  #running = 0;
  /** Batches that hold a place in the budget; those handed ahead to a busy worker do not. */
  #seated = 0;
  /** Moving average of the session's time per run, milliseconds; unknown before the first. */
  #inferTime = Number.POSITIVE_INFINITY;
  /** The newest warm-up, by the quickest instance: a start is a busy time. */
  #warmRuns: readonly TimedRun[] = [];
  #closed: Promise<void> | undefined;
  #idle: (() => void) | undefined;
  readonly #options: PoolOptions;
  /** Where a model is so small that the way to a worker would be the longer part of a run. */
  #inPlace: InPlace | undefined;
  /** Where a run that is the only one takes less time with more threads. */
  #wide: WideInstance | undefined;
  #opening: Promise<void> | undefined;

  constructor(instances: Instances, options: PoolOptions) {
    const { intraOpThreads, budget, version } = options;
    this.#options = options;
    this.#instances = instances;
    this.signature = instances.described.signature;
    this.omittedOutputs = instances.described.omittedOutputs;
    this.#budget = budget;
    this.#seat = budget.join(intraOpThreads, () => this.#notify(), version);
  }

  get running(): number {
    return this.#running;
  }

  get instances(): number {
    return this.#instances.count;
  }

  /** So many instances there may be. */
  get mostInstances(): number {
    return this.#options.instances;
  }

  get concurrency(): number {
    return Math.min(this.instances, Math.floor(this.#budget.cores / this.#seat.threads));
  }

  get cores(): number {
    return this.#seat.threads;
  }

  /** Worker threads, each with a session. */
  get threads(): number {
    return this.instances + (this.#wide === undefined ? 0 : 1);
  }

  get freeSlots(): number {
    if (this.#closed !== undefined) return 0;
    const ahead = this.#inferTime < HAND_AHEAD_BELOW && !this.#budget.crowded ? this.instances : 0;
    const idle = this.instances - this.#running;
    if (idle <= 0) return this.#budget.contended(this.#seat) ? 0 : Math.max(0, idle + ahead);
    const startable = this.#budget.available(this.#seat);
    return startable < idle ? startable : idle + ahead;
  }

  get slotsAhead(): number {
    const all = this.instances * TASKS_PER_WORKER;
    if (this.#closed !== undefined || this.#running < this.instances || this.#budget.crowded) return 0;
    return this.#budget.contended(this.#seat) ? 0 : Math.max(0, all - this.#running);
  }

  /** Whether a run that nobody waits for can start, and leave an instance and a core to those that somebody does. */
  get spare(): boolean {
    const idle = this.#running === 0 || this.instances - this.#running > 1;
    return this.#closed === undefined && idle && this.#budget.spare(this.#seat);
  }

  onSlotFree(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  allocate(byteLength: number): ArrayBufferLike {
    return this.#memory.take(byteLength);
  }

  /**
   * Runs sample inputs of every size on every instance, and on every one that replaces it later.
   * @returns milliseconds per run of each size, the fastest instance's, as others may have been held up; NaN
   *   where the model refuses the sample
   */
  async warm(sizes: readonly number[], sample: SampleOptions = {}): Promise<number[]> {
    const task: WarmTask = { sizes, sample };
    const replies = await this.#instances.warm(task);
    const times = sizes.map((_, index) =>
      Math.min(...replies.map((reply) => reply.times[index] ?? Number.NaN)),
    );
    const known = times.filter((time) => Number.isFinite(time));
    if (known.length > 0) this.#inferTime = Math.max(...known);
    const perRow = elementsOf(sampleInputs(this.signature, 1, sample));
    this.#warmRuns = sizes.map((rows, index) => ({
      elements: rows * perRow,
      time: times[index] ?? Number.NaN,
    }));
    return times;
  }

  /** Beyond its free slots, a run waits for a worker where nothing but its turn can get it out. */
  run(inputs: TensorMap, options: RunOptions = {}): Promise<RunResult> {
    const refusal = this.#refusal(options);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (options.background !== true && this.#inPlace?.takes(inputs, this.#running > 0))
      return this.#runInPlace(this.#inPlace, inputs, options);
    const wide = this.#running === 0 && this.#wide?.takes(options) ? this.#wide : undefined;
    return this.#runOn(wide ?? this.#instances, inputs, options);
  }

  #refusal({ signal, deadline }: RunOptions): InferenceError | undefined {
    if (this.#closed !== undefined) return unavailable('the model is being unloaded');
    if (signal?.aborted === true) return new InferenceError('canceled', 'the request was canceled');
    if (deadline === undefined || deadline >= performance.now()) return undefined;
    return new InferenceError('deadline_exceeded', 'the deadline has passed');
  }

  async #runOn(
    on: Instances | WideInstance,
    inputs: TensorMap,
    { outputs: wanted }: RunOptions,
  ): Promise<RunResult> {
    const start = monotonic();
    const placed = placeInputs(inputs, this.#memory);
    const apart = on !== this.#instances || this.#budget.crowded;
    this.#begin();
    try {
      const task = { inputs: placed.inputs, outputs: wanted };
      const { outputs, inferStart, inferEnd } = unwrap(await on.run(task));
      if (!apart) this.#observe(inferEnd - inferStart);
      return {
        outputs,
        timings: {
          queue: 0,
          computeInput: inferStart - start,
          computeInfer: inferEnd - inferStart,
          computeOutput: monotonic() - inferEnd,
        },
        batchSize: rowsOf(inputs, this.signature),
        ...(apart ? { apart } : {}),
      };
    } finally {
      for (const buffer of placed.buffers) this.#memory.give(buffer);
      this.#end();
    }
  }

  /** From now on runs that are short enough happen on the calling thread. To be called once, after the last warm-up. */
  shortRunsInPlace(): void {
    const { path, budget } = this.#options;
    const options = { ...this.#options, cores: budget.cores };
    const sample = sampleInputs(this.signature, 1, this.#instances.warmed?.sample);
    const inPlace = InPlace.open(path, options, this.#warmRuns, sample);
    if (stampOf(path) === this.#instances.described.stamp) this.#inPlace = inPlace;
    // The file is another one by now.
    else void inPlace?.close();
  }

  /** From then on a run that is the only one may have more threads, where none happens in place. The pool may be in use. */
  openWideInstance(): Promise<void> {
    this.#opening ??= this.#openWide();
    return this.#opening;
  }

  async #openWide(): Promise<void> {
    if (this.#closed !== undefined || this.#inPlace !== undefined || this.#options.wide !== true) return;
    this.#wide = await WideInstance.open(this.#options, this.#instances);
  }

  async #runInPlace(
    inPlace: InPlace,
    inputs: TensorMap,
    { outputs: wanted }: RunOptions,
  ): Promise<RunResult> {
    try {
      const { outputs, time } = inPlace.run(inputs, wanted);
      const timings = { queue: 0, computeInput: 0, computeInfer: time, computeOutput: 0 };
      return { outputs, timings, batchSize: rowsOf(inputs, this.signature) };
    } finally {
      for (const { data } of inputs.values()) {
        if (!isStrings(data) && this.#memory.owns(data.buffer)) this.#memory.give(data.buffer);
      }
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  /** Threads end only when nothing runs: ending one inside the runtime would abort the process. */
  async #shutDown(): Promise<void> {
    if (this.#running > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#idle = resolve;
      await promise;
    }
    this.#budget.leave(this.#seat);
    await this.#opening;
    await Promise.all([this.#instances.close(), this.#wide?.close(), this.#inPlace?.close()]);
    this.#memory.clear();
  }

  #begin(): void {
    this.#running++;
    if (this.#seated >= this.instances) return;
    this.#seated++;
    this.#budget.take(this.#seat);
    if (this.#running >= this.instances && this.#budget.left(this.#seat))
      this.#instances.grow(() => this.#notify());
  }

  #end(): void {
    this.#running--;
    if (this.#running < this.#seated) {
      this.#seated--;
      this.#budget.give(this.#seat);
    }
    this.#notify();
    if (this.#running === 0) this.#idle?.();
  }

  #observe(inferTime: number): void {
    this.#inPlace?.ranElsewhere();
    const known = Number.isFinite(this.#inferTime) ? this.#inferTime : inferTime;
    this.#inferTime = known + NEWEST * (inferTime - known);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

import { fromUnknown, unavailable } from '../../src/errors.ts';
import type { RunOptions, RunResult, SlottedRunner } from '../../src/inference/runner.ts';
import { NO_TIME, type Timings } from '../../src/inference/timings.ts';
import type { TensorMap } from '../../src/tensor/tensor.ts';

export interface PuppetOptions {
  readonly slots?: number;
  /** What the model computes; may throw. Called when a run ends. The identity where left out. */
  readonly model?: (inputs: TensorMap) => TensorMap;
  /** Runs that it takes beside those that its slots hold, once all are taken. */
  readonly ahead?: number;
  /** Runs end by themselves, a turn of the event loop after they have started. */
  readonly auto?: boolean;
  readonly timings?: Timings;
}

/** A run that has started; it ends when the test says so. */
export class PuppetRun {
  readonly inputs: TensorMap;
  readonly options: RunOptions;
  readonly #end: (settle: () => RunResult | Error) => void;

  constructor(inputs: TensorMap, options: RunOptions, end: (settle: () => RunResult | Error) => void) {
    this.inputs = inputs;
    this.options = options;
    this.#end = end;
  }

  /** Dimension 0 of the first input. */
  get rows(): number {
    const [first] = this.inputs.values();
    return first?.shape[0] ?? 1;
  }

  /** Ends with what the model computes, or with `outputs`. */
  finish(compute: (inputs: TensorMap) => RunResult | Error): void {
    this.#end(() => compute(this.inputs));
  }

  fail(error: Error): void {
    this.#end(() => error);
  }
}

/**
 * A runner without threads: it records what it is asked to run, and a run ends when the test says `succeed` or `fail`.
 * Slots and their listeners behave as a pool's: a slot is free again before the run's promise settles.
 */
export class PuppetRunner implements SlottedRunner {
  /** Every run so far, in order. */
  readonly runs: PuppetRun[] = [];
  /** Sizes asked of `allocate`, in order. */
  readonly allocated: number[] = [];
  closed = false;
  slots: number;
  readonly #model: (inputs: TensorMap) => TensorMap;
  readonly #auto: boolean;
  readonly #ahead: number;
  readonly #timings: Timings;
  readonly #listeners = new Set<() => void>();
  readonly #active = new Set<PuppetRun>();
  #onIdle: (() => void) | undefined;

  constructor({
    slots = 1,
    ahead = 0,
    model = (inputs) => inputs,
    auto = false,
    timings = NO_TIME,
  }: PuppetOptions = {}) {
    this.slots = slots;
    this.#ahead = ahead;
    this.#model = model;
    this.#auto = auto;
    this.#timings = timings;
  }

  get instances(): number {
    return this.slots;
  }

  get concurrency(): number {
    return this.slots;
  }

  get cores(): number {
    return 1;
  }

  get freeSlots(): number {
    return Math.max(this.slots - this.#active.size, 0);
  }

  get slotsAhead(): number {
    return this.#active.size < this.slots ? 0 : Math.max(this.slots + this.#ahead - this.#active.size, 0);
  }

  get running(): number {
    return this.#active.size;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Runs that have not ended, oldest first. */
  get active(): readonly PuppetRun[] {
    return [...this.#active];
  }

  onSlotFree(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  allocate(byteLength: number): ArrayBufferLike {
    this.allocated.push(byteLength);
    return new SharedArrayBuffer(byteLength);
  }

  run(inputs: TensorMap, options: RunOptions = {}): Promise<RunResult> {
    if (this.closed) return Promise.reject(unavailable('the puppet is closed'));
    if (this.freeSlots + this.slotsAhead === 0)
      return Promise.reject(new Error('the puppet has no free slot'));
    const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
    const run = new PuppetRun(inputs, options, (settle) => {
      if (!this.#active.delete(run)) throw new Error('this run has ended already');
      this.announceSlot();
      const result = settle();
      if (result instanceof Error) reject(result);
      else resolve(result);
      if (this.#active.size === 0) this.#onIdle?.();
    });
    this.#active.add(run);
    this.runs.push(run);
    if (this.#auto) setImmediate(() => this.#complete(run));
    return promise;
  }

  /** Ends an active run (the oldest is 0) with what the model computes, and lets its waiters be told. */
  async succeed(which = 0): Promise<void> {
    this.#complete(this.#nth(which));
    await settled();
  }

  /** Ends the oldest active run with `outputs`. */
  async answer(outputs: TensorMap): Promise<void> {
    this.#nth(0).finish((inputs) => this.#result(inputs, outputs));
    await settled();
  }

  async fail(error: Error): Promise<void> {
    this.#nth(0).fail(error);
    await settled();
  }

  /** Tells the listeners that `freeSlots` may have grown. */
  announceSlot(): void {
    for (const listener of this.#listeners) listener();
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.#active.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #nth(which: number): PuppetRun {
    const run = [...this.#active][which];
    if (run === undefined) throw new Error(`there is no active run ${which}`);
    return run;
  }

  #complete(run: PuppetRun): void {
    run.finish((inputs) => {
      try {
        return this.#result(inputs, only(this.#model(inputs), run.options.outputs));
      } catch (error) {
        return fromUnknown(error);
      }
    });
  }

  #result(inputs: TensorMap, outputs: TensorMap): RunResult {
    const [first] = inputs.values();
    return { outputs, timings: this.#timings, batchSize: first?.shape[0] ?? 1 };
  }
}

/** Lets every promise that is settled already tell its waiters. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function only(outputs: TensorMap, names: readonly string[] | undefined): TensorMap {
  return names === undefined ? outputs : new Map([...outputs].filter(([name]) => names.includes(name)));
}

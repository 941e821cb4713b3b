import type { TensorMap } from '../tensor/tensor.ts';
import type { CancelSignal } from './cancellation.ts';
import type { Timings } from './timings.ts';

export interface RunOptions {
  /** Names of the outputs to compute; every output of the signature when left out. */
  readonly outputs?: readonly string[];
  /**
   * Cancels a run that is still queued. It ends at our queue: a run that reached a worker always finishes, because
   * ONNX Runtime cannot be interrupted.
   */
  readonly signal?: CancelSignal;
  /**
   * On the clock of `performance.now()`, milliseconds: a run not started by then is dropped with `deadline_exceeded`.
   */
  readonly deadline?: number;
  /** 1 is served first; larger is later. Runs of one priority are first in, first out. */
  readonly priority?: number;
  /** Nobody waits for it: it never happens on the calling thread. */
  readonly background?: boolean;
  /** Nothing waits behind it: it may take all there is. */
  readonly alone?: boolean;
  /** What a scheduler over several variants may do with the run; other runners do not read it. */
  readonly terms?: Terms;
}

/**
 * Accuracy first, a balance, or latency first: how much of the time until its deadline a request gives for accuracy.
 */
export const PREFERENCES = ['accuracy', 'balanced', 'latency'] as const;
export type Preference = (typeof PREFERENCES)[number];

export interface Terms {
  /** Variants that may answer, by name; at least one. */
  readonly variants: readonly string[];
  /** Why only one may, where that was not a floor. */
  readonly route: 'free' | 'pinned' | 'canary';
  readonly preference: Preference;
  /** Who asks: shares are kept per client. */
  readonly client: string;
  /** Of the body that the request came in, where its headers say: tells what unread ones of that size ask for. */
  readonly bodyBytes?: number | undefined;
}

/** Which variant answered, and why. */
export interface VariantChoice {
  readonly variant: string;
  readonly reason: string;
  /** Share of right answers, where it is known; 0 where it was not measured. */
  readonly accuracy?: number;
  /** Milliseconds that its batch was expected to take, or those of all of its pieces together, where that was predicted. */
  readonly predicted?: number;
}

export interface RunResult {
  /** The requested outputs; views of memory shared with batch mates where that saves a copy. Read only. */
  readonly outputs: TensorMap;
  readonly timings: Timings;
  /** Rows that were executed together with this run, its own included; 1 without a batch axis. */
  readonly batchSize: number;
  /** It had more of the cores than others, or shared them with one that had: its time says nothing about theirs. */
  readonly apart?: boolean;
  /** Only where a scheduler had several variants to choose from. */
  readonly choice?: VariantChoice;
  /** Several variants answered a part of the rows each: the choice is that of the least accurate. */
  readonly mixed?: boolean;
  /** Left out where the run was computed for this request alone or for its batch. */
  readonly reuse?: Reuse;
}

/** Kept from an earlier run (nothing was computed, the batch size is 0), or shared with an identical one in flight. */
export type Reuse = 'cached' | 'coalesced';

/**
 * The backbone: something that runs a model. A session, a pool of workers, a dynamic batcher over a pool and a puppet
 * in a test are all runners; nobody who calls one can tell which.
 */
export interface Runner {
  /**
   * Rejects with an InferenceError. `inputs` must fit the signature; they are not changed, and not kept after settling,
   * unless it was a cancellation and an identical run goes on for others.
   */
  run(inputs: TensorMap, options?: RunOptions): Promise<RunResult>;
  /** Finishes what was accepted, then frees everything. Idempotent. Runs after it fail with `unavailable`. */
  close(): Promise<void>;
}

/** Runs what nobody waits for, on capacity that nobody else wants. */
export interface SpareRunner {
  /**
   * Undefined, and nothing is run, where a live request could find less than it would without. Of more rows than a
   * batch may have the first ones are run: the batch size of the result says how many.
   */
  run(inputs: TensorMap, outputs?: readonly string[]): Promise<RunResult> | undefined;
}

/**
 * A runner with visible capacity, against which batches are pulled. `run` may be called while `freeSlots > 0`; a call
 * takes a slot at once and gives it back before its promise settles.
 */
export interface SlottedRunner extends Runner {
  /** Runs that can go on at once. */
  readonly instances: number;
  /** Those of them for which there are cores. */
  readonly concurrency: number;
  /** Cores that each of them takes. */
  readonly cores: number;
  /** Runs that may start right now. */
  readonly freeSlots: number;
  /** Runs that may be handed over while every slot is taken, each to follow one that goes on. */
  readonly slotsAhead: number;
  /** Runs that have started and not ended. */
  readonly running: number;
  /** Calls `listener` whenever `freeSlots` may have grown. Returns the way to stop it. */
  onSlotFree(listener: () => void): () => void;
  /**
   * Memory the model can read where it lies (shared with the worker). Inputs placed in it are not copied again. It
   * belongs to the next `run` whose inputs use it and must not be touched once that run has settled.
   */
  allocate(byteLength: number): ArrayBufferLike;
}

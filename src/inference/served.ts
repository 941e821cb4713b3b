import type { InferenceError } from '../errors.ts';
import type { VariantId, VariantObserver } from './observer.ts';
import type { Runner, SpareRunner } from './runner.ts';
import type { AccuracyAsked } from './scheduling-parameters.ts';
import type { Batching, Signature } from './signature.ts';
import type { VersionStatistics } from './statistics.ts';

/** UNKNOWN -> LOADING -> READY -> UNLOADING -> UNAVAILABLE, or LOADING -> UNAVAILABLE with a reason. */
export type ModelState = 'UNKNOWN' | 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE';

/** What the headers of a request tell before its body is read. */
export interface EarlyRequest {
  /** On the clock of `performance.now()`, milliseconds. */
  readonly deadline?: number | undefined;
  readonly client: string;
  /** Of its body, where the headers say. */
  readonly bodyBytes?: number | undefined;
}

/** One ONNX file of a version, open and warm: a pool of instances with a batcher in front. */
export interface ServedVariant extends VariantId {
  readonly signature: Signature;
  readonly batching: Batching;
  readonly runner: Runner;
  /** Past the queue; nothing that runs on it is counted as a request. */
  readonly spare?: SpareRunner;
  /** Why a request would be refused whatever its body says; undefined where it has to be read. Counts the refusal. */
  readonly refusal?: (request: EarlyRequest, pinned: boolean) => InferenceError | undefined;
  readonly observer: VariantObserver;
  readonly file: VariantFile;
  /** Worker threads that may hold a session of this variant, and ONNX Runtime threads inside each. */
  readonly instances: number;
  readonly intraOpThreads: number;
  /** Execution providers in order of preference, as ONNX Runtime names them. */
  readonly executionProviders: readonly string[];
  /** Outputs of the file that cannot be served (sequences, maps), by name. */
  readonly omittedOutputs: readonly string[];
  /** What the model's configuration asks for requests that ask nothing. */
  readonly defaults?: AccuracyAsked;
}

export interface VariantFile {
  /** File name inside the version's folder. */
  readonly name: string;
  /** Absolute path; for opening only, never sent to a client. */
  readonly path: string;
  readonly bytes: number;
  /** From variants.json, where it was measured. Fraction of right answers, 0 to 1. */
  readonly accuracy?: number;
  readonly sha256?: string;
}

/** A variant that the repository has, loaded or not. */
export interface VariantStatus {
  readonly state: ModelState;
  /** Why it is not READY, or why its last reload failed; empty otherwise. */
  readonly reason: string;
  readonly file: VariantFile;
}

/**
 * One version of a model: its variants, of which `defaultVariant` answers when none is named. A snapshot: another
 * object stands for the version as soon as any of its files has changed and was loaded.
 */
export interface ServedVersion {
  readonly model: string;
  readonly version: string;
  /** The READY variants. */
  readonly variants: ReadonlyMap<string, ServedVariant>;
  /** Every variant of the version, READY or not, as it is at the time of asking. */
  readonly statuses: ReadonlyMap<string, VariantStatus>;
  /** May be in `statuses` only: another variant never answers in its place. */
  readonly defaultVariant: string;
  /** Absolute path of the version's folder (tokenizer.json, config.json, labels): for `tasks/`. */
  readonly folder: string;
  /** Class names by output name, index = class; for the classification extension. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  /** The task that model.json or variants.json names; `tasks/` finds it out where it is left out. */
  readonly task?: string;
  readonly statistics: VersionStatistics;
  /** Keeps the version open until the returned function is called: a swap drains, it never cuts. */
  hold(): () => void;
}

/** A row of the repository index. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  readonly reason: string;
}

export interface LoadOptions {
  /** Loads this variant alone and leaves the others as they are. */
  readonly variant?: string;
  /** JSON that is used instead of the model's configuration on disk: model.json keys, or a Triton model config. */
  readonly config?: string;
}

/** What is loaded. Look-ups are synchronous, and never touch the disk. */
export interface Registry {
  /** True when every required model answers: it is READY, and does not wait for the baseline of its rollout. */
  readonly ready: boolean;
  /** Names of the required models that do not answer, as they were asked for (`name`, `name@variant`). */
  readonly missing: readonly string[];
  /** Names with at least one READY version, sorted. */
  models(): readonly string[];
  /** READY versions of a model, ascending. `not_found` for a name the repository does not have. */
  versions(model: string): readonly string[];
  /**
   * The version that answers: the named one, or the newest READY one.
   * `not_found`: no such model or version; `unavailable`: known but not READY.
   */
  version(model: string, version?: string): ServedVersion;
  index(): readonly IndexEntry[];
  /** (Re)loads from disk: opens and warms the new, switches, drains the old. Only in control mode `explicit`. */
  load(model: string, options?: LoadOptions): Promise<void>;
  /** Drains and closes a model, or one variant of it. Only in control mode `explicit`. */
  unload(model: string, variant?: string): Promise<void>;
}

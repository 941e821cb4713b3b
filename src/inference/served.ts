import type { VariantId, VariantObserver } from './observer.ts';
import type { Runner } from './runner.ts';
import type { Batching, Signature } from './signature.ts';
import type { VersionStatistics } from './statistics.ts';

/** UNKNOWN -> LOADING -> READY -> UNLOADING -> UNAVAILABLE, or LOADING -> UNAVAILABLE with a reason. */
export type ModelState = 'UNKNOWN' | 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE';

/** One ONNX file of a version, open and warm: a pool of instances with a batcher in front. */
export interface ServedVariant extends VariantId {
  readonly signature: Signature;
  readonly batching: Batching;
  readonly runner: Runner;
  readonly observer: VariantObserver;
  readonly file: VariantFile;
  /** Worker threads that hold a session of this variant, and ONNX Runtime threads inside each. */
  readonly instances: number;
  readonly intraOpThreads: number;
  /** Execution providers in order of preference, as ONNX Runtime names them. */
  readonly executionProviders: readonly string[];
  /** Outputs of the file that cannot be served (sequences, maps), by name. */
  readonly omittedOutputs: readonly string[];
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

/** One version of a model: its variants, of which `defaultVariant` answers when none is named. */
export interface ServedVersion {
  readonly model: string;
  readonly version: string;
  readonly variants: ReadonlyMap<string, ServedVariant>;
  readonly defaultVariant: string;
  /** Absolute path of the version's folder (tokenizer.json, config.json, labels): for `tasks/`. */
  readonly folder: string;
  /** Class names by output name, index = class; for the classification extension. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
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

/** What is loaded. Look-ups are synchronous, and never touch the disk. */
export interface Registry {
  /** True when every required model is READY. */
  readonly ready: boolean;
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
  load(model: string, config?: string): Promise<void>;
  unload(model: string): Promise<void>;
}

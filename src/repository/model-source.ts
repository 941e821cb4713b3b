import type { VariantFile } from '../inference/served.ts';
import type { ModelSettings } from './model-config.ts';

/** One ONNX file of a version, as it lies on disk. */
export interface VariantSource extends VariantFile {
  /** Name of the variant: `default`, or what follows `model_` in the file name. `name` is the file's. */
  readonly variant: string;
  /** Why it cannot be loaded; undefined when nothing speaks against it. */
  readonly problem?: string;
  /** Changes when the file, its external data or what variants.json expects of it changes. */
  readonly fingerprint: string;
  /** Changes when a file beside it that may hold its weights does. */
  readonly dataStamp: string;
  /** Bytes of these files: `bytes` has them only where their names say that they are this variant's. */
  readonly dataBytes: number;
}

/** Class names: of the outputs that are named, and a list for the output it fits. */
export interface LabelSource {
  readonly byOutput: ReadonlyMap<string, readonly string[]>;
  readonly unnamed?: readonly string[];
}

export interface VersionSource {
  readonly version: string;
  /** Absolute path; sidecar files (tokenizer.json, config.json) lie here. */
  readonly folder: string;
  /** By variant name. */
  readonly variants: ReadonlyMap<string, VariantSource>;
  /** Answers when no variant is named; always one of `variants`. */
  readonly defaultVariant: string;
  /** Variants to load with the model; the default one first. */
  readonly selected: readonly string[];
  readonly labels: LabelSource;
  readonly task?: string;
  /** Why the whole version cannot be loaded. */
  readonly problem?: string;
  /** Changes when any file of the folder, or a setting, changes. */
  readonly fingerprint: string;
}

/** One model of the repository, as plain data. Nothing of it is loaded. */
export interface ModelSource {
  readonly name: string;
  /** Versions on disk, ascending; the policy is not yet applied. */
  readonly versions: readonly VersionSource[];
  readonly settings: ModelSettings;
  /** Why the whole model cannot be loaded. */
  readonly problem?: string;
  /** What was ignored; for the log. */
  readonly warnings: readonly string[];
  readonly fingerprint: string;
}

/** What is on disk. Read only: nothing is ever written. */
export interface ModelRepository {
  /** Every model. Throws `failed_precondition` when the repository itself cannot be read. */
  scan(): Promise<RepositoryScan>;
  /** One model, read anew; undefined when there is none. `config` is JSON used instead of its configuration on disk. */
  find(name: string, config?: string): Promise<ModelSource | undefined>;
}

export interface RepositoryScan {
  readonly models: readonly ModelSource[];
  /** Folders that look like models and cannot be served under their name; for the log. */
  readonly warnings: readonly string[];
}

import type { Logger } from 'pino';
import type { VariantObserver } from '../inference/observer.ts';
import type { RolloutPlan } from '../inference/rollout.ts';
import type { Runner, SpareRunner } from '../inference/runner.ts';
import type { AccuracyAsked } from '../inference/scheduling-parameters.ts';
import type { ModelState, ServedVariant } from '../inference/served.ts';
import type { Batching, Signature } from '../inference/signature.ts';
import type { VersionStatistics } from '../inference/statistics.ts';
import type { ModelSettings } from './model-config.ts';
import type { VariantSource } from './model-source.ts';

/** What has to be opened. The file's checksum, where one is known, is already checked. */
export interface OpenRequest {
  readonly model: string;
  readonly version: string;
  readonly variant: VariantSource;
  /** Whether it is the one that answers for the model. */
  readonly main: boolean;
  /** The settings of this variant: the model's, with its own above them. */
  readonly settings: ModelSettings;
  readonly logger: Logger;
  /** Aborted when the server shuts down: nobody will want the result. */
  readonly signal: AbortSignal;
}

/** A variant that is open and warm. Whoever has it closes `runner`. */
export interface OpenedVariant {
  readonly signature: Signature;
  readonly batching: Batching;
  readonly runner: Runner;
  readonly spare?: SpareRunner;
  readonly refusal?: NonNullable<ServedVariant['refusal']>;
  readonly observer: VariantObserver;
  readonly instances: number;
  readonly intraOpThreads: number;
  readonly executionProviders: readonly string[];
  readonly omittedOutputs: readonly string[];
  readonly defaults: AccuracyAsked;
}

/** Rejects with an InferenceError, whose message becomes the reason that clients read. */
export type OpenVariant = (request: OpenRequest) => Promise<OpenedVariant>;

/** The limits of a variant's batches in the units of `Batching`; the probe may still lower `maxBatchSize` to 0. */
export function batchingLimits(settings: ModelSettings): Omit<Batching, 'reason'> {
  const { priorityLevels, defaultPriority } = settings;
  return {
    maxBatchSize: settings.batching === 'off' ? 0 : settings.maxBatchSize,
    preferredBatchSizes: settings.preferredBatchSizes.toSorted((a, b) => a - b),
    maxQueueDelay: settings.maxQueueDelayMicroseconds / 1000,
    maxQueueSize: settings.maxQueueSize,
    priorityLevels,
    defaultPriority: defaultPriority === 0 ? Math.ceil(priorityLevels / 2) : defaultPriority,
    defaultTimeout: settings.defaultTimeoutMicroseconds / 1000,
  };
}

/** What the model asks for requests that ask nothing. */
export const accuracyDefaults = ({ minAccuracy, maxAccuracyLoss, prefer }: ModelSettings): AccuracyAsked => ({
  ...(minAccuracy === undefined ? {} : { minAccuracy }),
  ...(maxAccuracyLoss === undefined ? {} : { maxAccuracyLoss }),
  preference: prefer,
});

/** Told what the files of models say of their rollouts, and asked who waits for these. Must not throw or reject. */
export interface RolloutFiles {
  /** Before anything of a load is opened. Resolves to the version to load first, because the others wait for it. */
  configured(model: string, plan: RolloutPlan | undefined): Promise<string | undefined>;
  /** A load has ended, well or badly. */
  check(model: string): void;
  /** Whether somebody answers requests that name no version; not so while the rollout waits for its baseline. */
  answers(model: string): boolean;
  /** The model is gone from the repository. */
  forget(model: string): void;
}

/** What the composition root lends to the loading of models. */
export interface LoadContext {
  readonly openVariant: OpenVariant;
  /** Called once for each time a version comes into memory, before its first variant is opened. */
  readonly statisticsFor: (model: string, version: string) => VersionStatistics;
  /** Told every change, after READY is true and before UNLOADING begins. Must not throw. */
  readonly onStateChange: (
    model: string,
    version: string,
    variant: string,
    state: ModelState,
    reason: string,
  ) => void;
  /** Told when anything may have changed of what the registry says. Must not throw. */
  readonly onChange?: () => void;
  /**
   * Told every load of a version that opened something or failed to, reloads too. `version` is empty where the model
   * has none, `milliseconds` left out where it failed before anything was opened. Must not throw.
   */
  readonly onLoadEnded?: (model: string, version: string, ready: boolean, milliseconds?: number) => void;
  readonly rollouts?: RolloutFiles;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

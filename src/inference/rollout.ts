import type { InferenceError } from '../errors.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import type { RunResult } from './runner.ts';
import type { Registry, ServedVariant, ServedVersion } from './served.ts';
import type { InferenceRequest } from './types.ts';

/** Where a part of a model's traffic goes; at least one of the two is given. */
export interface RolloutTarget {
  /** The baseline's version where left out. */
  readonly version?: string;
  /** The version's variants as they would answer without a rollout where left out. */
  readonly variant?: string;
}

export interface RolloutShare extends RolloutTarget {
  /** Part of the traffic, above 0 and at most 1. */
  readonly share: number;
}

/** What ends a canary. A bound that is left out is not watched, the two minimums have defaults. */
export interface RolloutGuard {
  /** Least share of compared rows whose answer is the baseline's. */
  readonly minAgreement?: number;
  /** Largest share of requests that may fail. */
  readonly maxErrorRate?: number;
  /** How much larger that share may be than the baseline's. */
  readonly maxErrorRateIncrease?: number;
  /** How many times as long as the baseline's the 95th percentile may take. */
  readonly maxLatencyRatio?: number;
  /** Requests of the canary, and for a comparison with it of the baseline, before errors and latency are judged. */
  readonly minRequests: number;
  /** Compared runs before agreement is judged. */
  readonly minComparisons: number;
}

/** A rollout as it was asked for. */
export interface RolloutPlan {
  /** The version that answers the rest; the newest that is READY where left out. */
  readonly baselineVersion?: string;
  /** Another one draws the keys anew. The model's name where left out. */
  readonly salt?: string;
  readonly canaries: readonly RolloutShare[];
  /** Part of the canaries' answers that is computed a second time by the baseline. */
  readonly compare: number;
  /** Part of the baseline's answers that is computed a second time elsewhere. */
  readonly shadow?: RolloutShare;
  readonly guard: RolloutGuard;
}

/** What routing reads of a request. */
export type RoutedRequest = Pick<
  InferenceRequest,
  'model' | 'version' | 'id' | 'parameters' | 'key' | 'client'
>;

/** Who answers a request. */
export interface Target {
  readonly served: ServedVersion;
  readonly variant: ServedVariant;
  /** Only where the model has a rollout and the request names neither version nor variant. */
  readonly arm?: Arm;
}

/** The part of the traffic that a request belongs to. Told once how each of its runs ended; never throws. */
export interface Arm {
  readonly canary: boolean;
  /** Only `variant` of the target may answer, because the rollout names it. */
  readonly pinned: boolean;
  answered(run: ArmRun): void;
  /** @param milliseconds it took, or was given where it could not have been on time */
  failed(error: InferenceError, milliseconds: number): void;
}

/** A run that was answered. */
export interface ArmRun {
  readonly inputs: TensorMap;
  /** Names of the outputs that were computed; all of them when left out. */
  readonly outputs: readonly string[] | undefined;
  readonly result: RunResult;
  readonly answering: ServedVariant;
  readonly milliseconds: number;
}

export interface Rollout {
  /** Throws as `Registry.version` where the baseline cannot answer; a canary that cannot leaves the request to it. */
  route(request: RoutedRequest, registry: Registry): Target;
}

export interface Rollouts {
  /** One look-up. Undefined for a model without one. */
  of(model: string): Rollout | undefined;
}

export const NO_ROLLOUTS: Rollouts = { of: () => undefined };

export const RUN_ENDS = ['ok', 'error', 'refused'] as const;
/**
 * Answered; failed by a fault of the server or the model, an answer with NaN among them; refused, cancelled, late or
 * wrongly asked.
 */
export type RunEnd = (typeof RUN_ENDS)[number];

export const SHADOW_ENDS = ['compared', 'dropped', 'failed'] as const;
/** `dropped`: there was no idle capacity for it. */
export type ShadowEnd = (typeof SHADOW_ENDS)[number];

export const BOUNDS = ['agreement', 'error_rate', 'latency'] as const;
/** What a canary can be rolled back for. */
export type Bound = (typeof BOUNDS)[number];

export interface Interval {
  readonly ratio: number;
  readonly lower: number;
  readonly upper: number;
}

/** How answers compare that were computed twice. */
export interface ComparisonState {
  readonly runs: Readonly<Record<ShadowEnd, number>>;
  /** Rows that were compared lately. */
  readonly rows: number;
  /** Share of them that agreed, with its confidence interval; undefined before the first. */
  readonly agreement: Interval | undefined;
  /** Between two floats, since the start. */
  readonly largestDifference: number;
}

/** One arm of a rollout, for metrics. */
export interface ArmState {
  readonly model: string;
  readonly arm: 'baseline' | 'canary' | 'shadow';
  /** As the plan names them; empty where it does not. */
  readonly version: string;
  readonly variant: string;
  /** 0 once it is rolled back, and while it cannot answer. */
  readonly share: number;
  readonly rolledBack: boolean;
  /** Undefined for a shadow: nobody asked for its answers. */
  readonly requests?: Readonly<Record<RunEnd, number>>;
  /** Undefined for the baseline: it is what the others are compared with. */
  readonly comparison?: ComparisonState;
}

/** Roll-backs of a model since the start of the server. */
export interface RollbackCount {
  readonly model: string;
  readonly bound: Bound;
  readonly count: number;
}

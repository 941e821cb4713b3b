import { InferenceError } from '../errors.ts';
import type { RolloutPlan, Target } from '../inference/rollout.ts';
import type { Registry, ServedVersion } from '../inference/served.ts';

/** Who answers the requests that no canary takes. */
export interface Baseline extends Target {
  /** It answers because the plan's `baselineVersion` cannot: all requests are its, and the canaries wait. */
  readonly standIn: boolean;
}

/** What came before, and says who stands in for a baseline. */
export interface BaselineHistory {
  /** The version that answered when the latest load of the model began; undefined where none did. */
  readonly before: string | undefined;
  /** Whether this is what a canary was rolled back from: the last that may stand in. */
  isRolledBack(target: Target): boolean;
}

export const NO_HISTORY: BaselineHistory = { before: undefined, isRolledBack: () => false };

/**
 * The plan's `baselineVersion`, or the newest READY version. While the one that the plan names is known and not READY,
 * the version that answered before goes on; where none did, nobody answers: a start must not hand all traffic to a
 * canary. One that is not known, because it left the repository, is no reason to refuse requests: the newest READY
 * version answers. Throws as `Registry.version`.
 */
export function baselineOf(
  { baselineVersion }: RolloutPlan,
  model: string,
  registry: Registry,
  history: BaselineHistory,
): Baseline {
  const wanted = orError(() => mainOf(registry.version(model, baselineVersion)));
  const failed = wanted instanceof InferenceError;
  if (!failed && (baselineVersion !== undefined || !history.isRolledBack(wanted))) {
    return { ...wanted, standIn: false };
  }
  const ready = readyOf(model, registry);
  if (failed && wanted.code !== 'not_found') {
    const before = ready.find(({ served }) => served.version === history.before);
    if (before === undefined) throw wanted;
    ready.unshift(before);
  }
  const target = ready.find((each) => !history.isRolledBack(each)) ?? ready[0];
  return { ...(target ?? mainOf(registry.version(model))), standIn: baselineVersion !== undefined };
}

/** The versions that can answer, the newest first. */
const readyOf = (model: string, registry: Registry): Target[] =>
  registry
    .versions(model)
    .toReversed()
    .flatMap((version) => {
      const target = orError(() => mainOf(registry.version(model, version)));
      return target instanceof InferenceError ? [] : [target];
    });

/** A version with its default variant. Throws `unavailable` where that is not READY. */
export function mainOf(served: ServedVersion): Target {
  const variant = served.variants.get(served.defaultVariant);
  if (variant !== undefined) return { served, variant };
  const { state = 'UNKNOWN', reason = '' } = served.statuses.get(served.defaultVariant) ?? {};
  throw new InferenceError(
    'unavailable',
    `variant '${served.defaultVariant}' of model '${served.model}' version ${served.version} is ${state}${reason === '' ? '' : `: ${reason}`}`,
  );
}

/** What a look-up finds, or the InferenceError that it throws. */
export function orError<Value>(find: () => Value): Value | InferenceError {
  try {
    return find();
  } catch (error) {
    if (error instanceof InferenceError) return error;
    throw error;
  }
}

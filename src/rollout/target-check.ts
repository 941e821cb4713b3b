import { InferenceError, invalidArgument } from '../errors.ts';
import type { RolloutPlan, RolloutTarget, Target } from '../inference/rollout.ts';
import type { Registry, ServedVariant } from '../inference/served.ts';
import { type BaselineHistory, baselineOf, mainOf, NO_HISTORY, orError } from './baseline.ts';
import { misfit } from './signature-fit.ts';

/** The version and variant of a canary or shadow. Throws an InferenceError that says why it cannot answer. */
export function targetOf(
  wanted: RolloutTarget,
  { served: base, variant: main }: Target,
  registry: Registry,
): Target {
  const served = wanted.version === undefined ? base : registry.version(base.model, wanted.version);
  const name = wanted.variant ?? served.defaultVariant;
  const variant = served.variants.get(name);
  const of = `model '${served.model}' version ${served.version}`;
  if (variant === undefined) {
    const status = served.statuses.get(name);
    if (status === undefined) {
      throw invalidArgument(
        `${of} has no variant '${name}', it has ${[...served.statuses.keys()].join(', ')}`,
      );
    }
    const reason = status.reason === '' ? '' : `: ${status.reason}`;
    throw new InferenceError('failed_precondition', `variant '${name}' of ${of} is ${status.state}${reason}`);
  }
  if (isSame(variant, main)) {
    throw invalidArgument(
      `${nameOf(wanted)} is what answers already (version ${base.version}, variant '${main.variant}')${
        wanted.variant === undefined ? "; 'baselineVersion' says which version answers the rest" : ''
      }`,
    );
  }
  const difference = misfit(variant.signature, main.signature);
  if (difference !== undefined) {
    throw invalidArgument(
      `${nameOf(wanted)} takes or gives other tensors than version ${base.version}, variant '${main.variant}': ${difference}`,
    );
  }
  return { served, variant };
}

/** Everything that is wrong with a plan for a model, each part naming its key. Throws `not_found` or `unavailable` for the model itself. */
export function problemsOf(
  plan: RolloutPlan,
  model: string,
  registry: Registry,
  history: BaselineHistory = NO_HISTORY,
): InferenceError[] {
  const problems: InferenceError[] = [];
  const attempt = <Value>(key: string, work: () => Value): Value | undefined => {
    const found = orError(work);
    if (!(found instanceof InferenceError)) return found;
    problems.push(new InferenceError(found.code, `${key}: ${found.message}`));
    return undefined;
  };
  registry.versions(model);
  const { baselineVersion } = plan;
  if (baselineVersion !== undefined)
    attempt('baselineVersion', () => loadedVersion(model, baselineVersion, registry));
  if (problems.length > 0) return problems;
  const baseline = baselineOf(plan, model, registry, history);
  const seen = new Map<string, string>();
  for (const [index, canary] of plan.canaries.entries()) {
    const key = `canaries.${index}`;
    const target = attempt(key, () => checkedTarget(canary, baseline, registry));
    if (target === undefined) continue;
    const own = `${target.served.version}/${target.variant.variant}`;
    const before = seen.get(own);
    if (before !== undefined)
      problems.push(invalidArgument(`${key}: ${nameOf(canary)} and ${before} are the same variant`));
    seen.set(own, nameOf(canary));
  }
  const { shadow } = plan;
  if (shadow !== undefined) attempt('shadow', () => checkedTarget(shadow, baseline, registry));
  return problems;
}

/** Why the version that the plan names as the baseline cannot answer; undefined where it can, or none is named. */
export function baselineProblem(
  { baselineVersion }: RolloutPlan,
  model: string,
  registry: Registry,
): string | undefined {
  if (baselineVersion === undefined) return undefined;
  const found = orError(() => {
    loadedVersion(model, baselineVersion, registry);
    return mainOf(registry.version(model, baselineVersion));
  });
  return found instanceof InferenceError ? found.message : undefined;
}

function checkedTarget(wanted: RolloutTarget, baseline: Target, registry: Registry): Target {
  if (wanted.version !== undefined) loadedVersion(baseline.served.model, wanted.version, registry);
  return targetOf(wanted, baseline, registry);
}

function loadedVersion(model: string, version: string, registry: Registry): void {
  const loaded = registry.versions(model);
  if (loaded.includes(version)) return;
  const listed = registry.index().find((row) => row.name === model && row.version === version);
  const of = `version ${version} of model '${model}' is`;
  if (listed !== undefined) {
    const reason = listed.reason === '' ? '' : `: ${listed.reason}`;
    throw new InferenceError('failed_precondition', `${of} ${listed.state}${reason}`);
  }
  const ready = loaded.length === 0 ? 'none is READY' : `READY are ${loaded.join(', ')}`;
  throw invalidArgument(
    `${of} not loaded, ${ready}; 'versionPolicy' must be "all" or "specific" for several versions to be loaded`,
  );
}

/** Whether both are the same variant of the same version, opened twice perhaps. */
export const isSame = (one: ServedVariant, other: ServedVariant): boolean =>
  one.variant === other.variant && one.version === other.version;

/** A target in words. */
export const nameOf = ({ version, variant }: RolloutTarget): string =>
  [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(variant === undefined ? [] : [`variant '${variant}'`]),
  ].join(', ');

import { InferenceError, invalidArgument } from '../errors.ts';
import type { Arm, Target } from './rollout.ts';
import type { Terms } from './runner.ts';
import { type AccuracyAsked, accuracyAsked } from './scheduling-parameters.ts';
import type { ServedVariant, ServedVersion } from './served.ts';
import type { Signature } from './signature.ts';
import type { InferenceRequest } from './types.ts';

const keys = new WeakMap<Signature, string>();

/** Equal for signatures of equal names, datatypes and dimensions: their variants can stand in for each other. */
export function signatureKey(signature: Signature): string {
  let key = keys.get(signature);
  if (key === undefined) {
    key = JSON.stringify(signature);
    keys.set(signature, key);
  }
  return key;
}

/**
 * Who may answer a request: the variant it names, or every one that takes and gives the same tensors, whose accuracy
 * was measured and is not below the floor. Throws `invalid_argument` naming the best there is when none reaches it.
 * @param arm of the rollout that sent the request to `variant`, where one did
 */
export function termsOf(
  request: InferenceRequest,
  served: ServedVersion,
  variant: ServedVariant,
  pinned: boolean,
  arm?: Pick<Arm, 'canary' | 'pinned'>,
): Terms {
  const own = accuracyAsked(request);
  const preference = own.preference ?? variant.defaults?.preference ?? 'accuracy';
  const { client = '', bodyBytes } = request;
  const canary = arm?.canary === true;
  if (pinned || arm?.pinned === true) {
    return {
      variants: [variant.variant],
      route: canary ? 'canary' : 'pinned',
      preference,
      client,
      bodyBytes,
    };
  }
  const variants = allowed(served, variant, own);
  return { variants, route: canary ? 'canary' : 'free', preference, client, bodyBytes };
}

/**
 * Whether a variant reaches the floor that a request itself sets, which may be relative to the best of the baseline:
 * a canary does not answer below it. A floor that is no number is for the baseline to refuse.
 */
export function reachesFloor(
  request: Pick<InferenceRequest, 'parameters'>,
  { served }: Pick<Target, 'served'>,
  { file }: ServedVariant,
): boolean {
  if (!request.parameters.has('min_accuracy') && !request.parameters.has('max_accuracy_loss')) return true;
  try {
    const { minAccuracy = 0, maxAccuracyLoss = 100 } = accuracyAsked(request);
    const best = Math.max(0, ...Array.from(served.variants.values(), (each) => each.file.accuracy ?? 0));
    return (file.accuracy ?? 0) >= Math.max(minAccuracy, best - maxAccuracyLoss / 100);
  } catch (error) {
    if (error instanceof InferenceError) return false;
    throw error;
  }
}

/** For requests that set no floor: a version is a snapshot, so that the answer stays the same. */
const allowedByDefault = new WeakMap<ServedVersion, readonly string[]>();

function allowed(served: ServedVersion, main: ServedVariant, own: AccuracyAsked): readonly string[] {
  const byDefault =
    own.minAccuracy === undefined &&
    own.maxAccuracyLoss === undefined &&
    main.variant === served.defaultVariant;
  const known = byDefault ? allowedByDefault.get(served) : undefined;
  if (known !== undefined) return known;
  const names = reaching(served, main, { ...main.defaults, ...own });
  if (byDefault) allowedByDefault.set(served, names);
  return names;
}

function reaching(served: ServedVersion, main: ServedVariant, asked: AccuracyAsked): string[] {
  const { accuracy } = main.file;
  if (accuracy === undefined) {
    if ((asked.minAccuracy ?? 0) === 0) return [main.variant];
    throw invalidArgument(`the accuracy of model '${served.model}' was not measured, it cannot have a floor`);
  }
  const signature = signatureKey(main.signature);
  const candidates: [string, number][] = [];
  for (const [name, { file, signature: its }] of served.variants) {
    if (file.accuracy !== undefined && signatureKey(its) === signature)
      candidates.push([name, file.accuracy]);
  }
  const best = Math.max(...candidates.map(([, each]) => each));
  const floor = Math.max(asked.minAccuracy ?? 0, best - (asked.maxAccuracyLoss ?? 100) / 100);
  const names = candidates.flatMap(([name, each]) => (each >= floor ? [name] : []));
  if (names.length > 0) return names;
  throw invalidArgument(
    `no variant of model '${served.model}' has an accuracy of ${floor}, the best has ${best}`,
  );
}

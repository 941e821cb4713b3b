import { InferenceError, invalidArgument } from '../errors.ts';
import type { Arm, Target } from './rollout.ts';
import type { Terms } from './runner.ts';
import { type AccuracyAsked, accuracyAsked } from './scheduling-parameters.ts';
import type { ServedVariant, ServedVersion } from './served.ts';
import { isClassic, type Signature } from './signature.ts';
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
 * was measured and is not below the floor. Throws `invalid_argument` naming the best there is when none reaches it, and
 * where the variant that the request names, or the only one that can answer, is below a floor of its own.
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
    if (arm === undefined && setsFloor(own)) checkAlone(served, variant, own);
    return {
      variants: [variant.variant],
      route: canary ? 'canary' : 'pinned',
      preference,
      client,
      bodyBytes,
    };
  }
  if (!canary && setsFloor(own) && isClassic(variant.batching)) checkAlone(served, variant, own);
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
    const best = Math.max(0, ...Array.from(served.variants.values(), (each) => each.file.accuracy ?? 0));
    return (file.accuracy ?? 0) >= floorOf(accuracyAsked(request), best);
  } catch (error) {
    if (error instanceof InferenceError) return false;
    throw error;
  }
}

/** Accuracies have a few decimals: what their differences lose by rounding is less than this. */
const ROUNDING = 1e-9;

const floorOf = ({ minAccuracy = 0, maxAccuracyLoss = 100 }: AccuracyAsked, best: number): number =>
  Math.max(minAccuracy, best - maxAccuracyLoss / 100 - ROUNDING);

const setsFloor = ({ minAccuracy, maxAccuracyLoss }: AccuracyAsked): boolean =>
  minAccuracy !== undefined || maxAccuracyLoss !== undefined;

/** Throws `invalid_argument` where the floor of a request excludes the one variant that may answer it. */
function checkAlone(
  served: ServedVersion,
  { variant, file, signature }: ServedVariant,
  own: AccuracyAsked,
): void {
  const best = bestOf(measured(served, signature));
  const floor = floorOf(own, best);
  if ((file.accuracy ?? 0) >= floor) return;
  const field = floor === own.minAccuracy ? 'min_accuracy' : 'max_accuracy_loss';
  const has = file.accuracy === undefined ? 'was not measured' : `is ${file.accuracy}`;
  throw invalidArgument(
    `parameter '${field}' asks for an accuracy of ${Number(floor.toFixed(6))}, that of variant '${variant}' ${has}`,
  );
}

/** For requests that set no floor: a version is a snapshot, so that the answer stays the same. */
const allowedByDefault = new WeakMap<ServedVersion, readonly string[]>();

function allowed(served: ServedVersion, main: ServedVariant, own: AccuracyAsked): readonly string[] {
  const byDefault = !setsFloor(own) && main.variant === served.defaultVariant;
  const known = byDefault ? allowedByDefault.get(served) : undefined;
  if (known !== undefined) return known;
  const names = reaching(served, main, own);
  if (byDefault) allowedByDefault.set(served, names);
  return names;
}

function reaching(served: ServedVersion, main: ServedVariant, own: AccuracyAsked): string[] {
  const asked = { ...main.defaults, ...own };
  if (main.file.accuracy === undefined) {
    if ((asked.minAccuracy ?? 0) === 0) return [main.variant];
    throw belowLeast(served, asked, own, 'its accuracy was not measured');
  }
  const candidates = measured(served, main.signature);
  const best = bestOf(candidates);
  const floor = floorOf(asked, best);
  const names = candidates.flatMap(([name, each]) => (each >= floor ? [name] : []));
  if (names.length > 0) return names;
  throw belowLeast(served, asked, own, `the best accuracy of its variants is ${best}`);
}

/** Names and accuracies of the measured variants that have this signature. */
function measured(served: ServedVersion, signature: Signature): [string, number][] {
  const key = signatureKey(signature);
  const found: [string, number][] = [];
  for (const [name, { file, signature: its }] of served.variants) {
    if (file.accuracy !== undefined && signatureKey(its) === key) found.push([name, file.accuracy]);
  }
  return found;
}

const bestOf = (candidates: readonly [string, number][]): number =>
  Math.max(0, ...candidates.map(([, accuracy]) => accuracy));

/** The other bound cannot be out of reach: it is relative to the best. */
function belowLeast(
  { model }: ServedVersion,
  { minAccuracy }: AccuracyAsked,
  own: AccuracyAsked,
  why: string,
): InferenceError {
  const field = own.minAccuracy === undefined ? "'minAccuracy' of the model" : "parameter 'min_accuracy'";
  return invalidArgument(`${field} is ${minAccuracy}, which model '${model}' does not reach: ${why}`);
}

import { invalidArgument } from '../errors.ts';
import { PREFERENCES, type Preference } from './runner.ts';
import type { ServedVariant } from './served.ts';
import type { InferenceRequest, ParameterValue } from './types.ts';

type Asking = Pick<InferenceRequest, 'parameters'>;

/** Parameters of a request that speak to the scheduler, over every transport alike. */
export const SCHEDULING_PARAMETERS = [
  'variant',
  'priority',
  'timeout',
  'min_accuracy',
  'max_accuracy_loss',
  'prefer',
  'rollout_key',
] as const;

type Name = (typeof SCHEDULING_PARAMETERS)[number];

export function textParameter({ parameters }: Asking, name: Name): string | undefined {
  const value = parameters.get(name);
  if (value === undefined || typeof value === 'string') return value;
  throw invalidArgument(`parameter '${name}' must be a string`);
}

/**
 * The sooner of the transport's deadline and the parameter `timeout` (microseconds after arrival; 0 is none); where there
 * is neither, the model's default, which counts from the arrival too.
 */
export function deadlineOf(
  request: InferenceRequest,
  { batching: { defaultTimeout } }: Pick<ServedVariant, 'batching'>,
  now: number,
): number | undefined {
  const arrivedAt = request.arrivedAt ?? now;
  const timeout = integerParameter(request, 'timeout') ?? 0;
  const own = timeout > 0 ? arrivedAt + timeout / 1000 : undefined;
  if (own !== undefined && request.deadline !== undefined) return Math.min(own, request.deadline);
  return own ?? request.deadline ?? (defaultTimeout > 0 ? arrivedAt + defaultTimeout : undefined);
}

/** Triton's rule: 0 is the default, 1 the highest, and nothing beyond the model's levels. */
export function priorityOf(request: InferenceRequest, { batching }: ServedVariant): number | undefined {
  const priority = integerParameter(request, 'priority') ?? 0;
  if (priority === 0 || batching.priorityLevels === 0) return undefined;
  if (priority > batching.priorityLevels) {
    throw invalidArgument(
      `parameter 'priority' is ${priority}, the model has levels 1 to ${batching.priorityLevels}`,
    );
  }
  return priority;
}

/** What a request asks of the variants that may answer it; what it leaves out is the model's to say. */
export interface AccuracyAsked {
  /** Least accuracy, a fraction from 0 to 1. */
  readonly minAccuracy?: number;
  /** Points (hundredths) below the best variant that are still good enough. */
  readonly maxAccuracyLoss?: number;
  readonly preference?: Preference;
}

const NOTHING_ASKED: AccuracyAsked = {};

export function accuracyAsked(request: Asking): AccuracyAsked {
  if (request.parameters.size === 0) return NOTHING_ASKED;
  const minAccuracy = numberParameter(request, 'min_accuracy', 1);
  const maxAccuracyLoss = numberParameter(request, 'max_accuracy_loss', 100);
  const preference = textParameter(request, 'prefer');
  if (preference !== undefined && !isPreference(preference)) {
    throw invalidArgument(`parameter 'prefer' must be one of ${PREFERENCES.join(', ')}`);
  }
  return {
    ...(minAccuracy === undefined ? {} : { minAccuracy }),
    ...(maxAccuracyLoss === undefined ? {} : { maxAccuracyLoss }),
    ...(preference === undefined ? {} : { preference }),
  };
}

const isPreference = (text: string): text is Preference => PREFERENCES.some((each) => each === text);

/** A parameter that is a non-negative safe integer; clients of gRPC send it as int64, uint64 or text. */
function integerParameter({ parameters }: InferenceRequest, name: Name): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  const number = numberOf(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw invalidArgument(
    `parameter '${name}' must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not ${JSON.stringify(String(value))}`,
  );
}

/** A parameter that is a number from 0 to `largest`. */
function numberParameter({ parameters }: Asking, name: Name, largest: number): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  const number = numberOf(value);
  if (number >= 0 && number <= largest) return number;
  throw invalidArgument(
    `parameter '${name}' must be a number from 0 to ${largest}, not ${JSON.stringify(String(value))}`,
  );
}

/** Text in the notation of JSON, which `Number` alone would not insist on. */
function numberOf(value: ParameterValue): number {
  if (typeof value === 'boolean') return Number.NaN;
  if (typeof value === 'string' && !/^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(value)) return Number.NaN;
  return Number(value);
}

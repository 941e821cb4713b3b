import { InferenceError, invalidArgument } from '../errors.ts';
import type { Parameters, ParameterValue } from '../inference/types.ts';
import { isObject, type JsonValue } from './exact-json.ts';
import { quote } from './quote.ts';

/** Asks a stream for an empty last answer where there was none; every request of ours has one answer, so it is met. */
const EMPTY_FINAL_RESPONSE = 'triton_enable_empty_final_response';

/**
 * Parameters a client must not set because they would change what an answer means, and we do not do it: sequences and
 * shared memory (`unimplemented`), and the names Triton keeps for itself (`invalid_argument`). Any other name is the
 * client's own and is passed on.
 */
export function checkParameterName(name: string): void {
  if (name === EMPTY_FINAL_RESPONSE) return;
  if (name.startsWith('sequence_') || name.startsWith('shared_memory_')) {
    throw new InferenceError('unimplemented', `parameter ${quote(name)} is not supported`);
  }
  if (name === 'headers' || name.startsWith('triton_')) {
    throw invalidArgument(`parameter ${quote(name)} is reserved`);
  }
}

/** Most parameters of a request, an input or an output: far above what anybody sends, and they are copied between threads. */
export const MAX_PARAMETERS = 256;

/** Throws `invalid_argument` where `owner` has more than `MAX_PARAMETERS`. */
export function checkParameterCount(owner: string, count: number): void {
  if (count <= MAX_PARAMETERS) return;
  throw invalidArgument(`'parameters' of ${owner} has ${count} entries, the limit is ${MAX_PARAMETERS}`);
}

const NO_PARAMETERS: Parameters = new Map();

/** The `parameters` of a request, an input or an output. Null counts as left out. */
export function parseParameters(owner: string, value: JsonValue | undefined): Parameters {
  if (value === undefined || value === null) return NO_PARAMETERS;
  if (!isObject(value)) throw invalidArgument(`'parameters' of ${owner} must be an object`);
  const names = Object.keys(value);
  checkParameterCount(owner, names.length);
  const parameters = new Map<string, ParameterValue>();
  for (const name of names) {
    const parameter = value[name];
    checkParameterName(name);
    if (parameter === undefined || parameter === null) continue;
    if (typeof parameter === 'object') {
      throw invalidArgument(`parameter ${quote(name)} of ${owner} must be a string, a number or a boolean`);
    }
    parameters.set(name, parameter);
  }
  return parameters;
}

export function booleanParameter(parameters: Parameters, name: string, owner: string): boolean | undefined {
  const value = parameters.get(name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalidArgument(`parameter ${quote(name)} of ${owner} must be true or false`);
}

export function countParameter(parameters: Parameters, name: string, owner: string): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidArgument(`parameter ${quote(name)} of ${owner} must be a non-negative integer`);
}

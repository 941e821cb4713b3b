import { invalidArgument } from '../errors.ts';
import { isArray, type JsonValue, parseJsonBody } from '../protocol/exact-json.ts';
import { MAX_TEXTS } from '../tasks/limits.ts';

/** Most values of a task's body: pairs of `MAX_TEXTS` texts are fewer, and each is copied from the thread that parsed it. */
export const MAX_VALUES = 2 ** 14;

/**
 * As `parseJsonBody`, for the body of a task. Throws `invalid_argument` also where a list has more than `MAX_TEXTS`
 * elements, naming it, or the body more than `MAX_VALUES` values.
 */
export function parseTaskJson(body: Uint8Array): JsonValue {
  const value = parseJsonBody(body);
  countValues(value, '', 0);
  return value;
}

/** Gives the number of values up to this one, and those in it. */
function countValues(value: JsonValue | undefined, path: string, before: number): number {
  let count = before + 1;
  if (count > MAX_VALUES)
    throw invalidArgument(`the request body: must not have more than ${MAX_VALUES} values`);
  if (typeof value !== 'object' || value === null) return count;
  if (isArray(value) && value.length > MAX_TEXTS) {
    const field = path === '' ? 'the request body' : `'${path}'`;
    throw invalidArgument(`${field}: must not have more than ${MAX_TEXTS} elements`);
  }
  const prefix = path === '' ? '' : `${path}.`;
  for (const [key, element] of Object.entries(value)) count = countValues(element, prefix + key, count);
  return count;
}

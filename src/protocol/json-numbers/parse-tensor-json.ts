import { randomUUID } from 'node:crypto';
import { type JsonValue, parseJsonBody } from '../exact-json.ts';
import { findNumberArrays, type NumberArray } from './number-arrays.ts';

/** Stands in the text for the arrays that were taken out of it. No client can know it: it never leaves the process. */
const MARK = randomUUID();

/** From here on, bytes, looking for arrays takes less time than it saves. */
const LEAST_BYTES = 4096;

/** As `parseJsonBody`, but long arrays of numbers are typed ones, and take half of the time. */
export function parseTensorJson(body: Uint8Array): JsonValue {
  const arrays = body.byteLength < LEAST_BYTES ? [] : findNumberArrays(body);
  if (arrays.length === 0) return parseJsonBody(body);
  let value: JsonValue;
  try {
    value = parseJsonBody(withMarks(body, arrays));
  } catch {
    // What is wrong is told of the text that was sent.
    return parseJsonBody(body);
  }
  return withArrays(value, arrays);
}

function withMarks(body: Uint8Array, arrays: readonly NumberArray[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const [index, { start, end }] of arrays.entries()) {
    parts.push(body.subarray(from, start), Buffer.from(`["${MARK}",${index}]`));
    from = end;
  }
  parts.push(body.subarray(from));
  return Buffer.concat(parts);
}

/** Puts the arrays where their marks are. The nesting is bounded: `parseJsonBody` has seen to it. */
function withArrays(value: JsonValue, arrays: readonly NumberArray[]): JsonValue {
  if (typeof value !== 'object' || value === null || value instanceof Float64Array) return value;
  if (!Array.isArray(value)) {
    const object: Record<string, JsonValue | undefined> = value;
    for (const key of Object.keys(object)) object[key] = withArrays(object[key] ?? null, arrays);
    return object;
  }
  if (value[0] === MARK) return arrays[Number(value[1])]?.numbers ?? value;
  for (let index = 0; index < value.length; index++) value[index] = withArrays(value[index] ?? null, arrays);
  return value;
}

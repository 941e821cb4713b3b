import { isAscii, isUtf8 } from 'node:buffer';
import { invalidArgument } from '../errors.ts';

/**
 * What `parseExactJson` gives: as JSON.parse, but integers beyond 2^53 are bigint; `parseTensorJson` gives long arrays of
 * numbers as typed ones.
 */
export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | Float64Array | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Deepest nesting of arrays and objects; Triton's limit. Nobody who reads the value can be made to recurse further. */
export const MAX_DEPTH = 100;

/** Most arrays: one takes some hundred bytes, however few it has in the text. */
export const MAX_ARRAYS = 2 ** 21;

/**
 * Most objects and keys, together: more than `MAX_TENSORS` inputs and outputs have. A key takes a microsecond or two to
 * be copied between threads, and much of an object is copied before anybody knows what is in it.
 */
export const MAX_KEYS = 2 ** 14;

/** Fewest bytes of the text that an array, an object or a key can have, one with the other: `{"":{"":0}}`. */
const LEAST_BYTES = 2;

/** Fewest digits of an integer that a double may not hold exactly (2^53 has 16). */
const LONG_INTEGER = 16;

export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !isArray(value);

/** Narrows as Array.isArray does not: an array of values, or of numbers alone. */
export const isArray = (value: JsonValue | undefined): value is JsonValue[] | Float64Array =>
  Array.isArray(value) || value instanceof Float64Array;

/**
 * Parses a body. Throws `invalid_argument` where it is not UTF-8, not JSON, nested deeper than `MAX_DEPTH`, or of more
 * than `MAX_ARRAYS` arrays or `MAX_KEYS` objects and keys, which is found out before it takes memory.
 */
export function parseJsonBody(body: Uint8Array): JsonValue {
  if (!isUtf8(body)) throw invalidArgument('request JSON is not valid UTF-8');
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.length > LEAST_BYTES * MAX_KEYS) boundParts(bytes);
  // Almost all JSON is ASCII, which needs no decoding.
  return parseExactJson(bytes.toString(isAscii(body) ? 'latin1' : 'utf8'));
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const ARRAY = 0x5b;
const OBJECT = 0x7b;

/** Counts what stands outside of texts: there a colon is behind a key, and nowhere else. */
function boundParts(bytes: Uint8Array): void {
  let arrays = 0;
  let keys = 0;
  for (let at = 0; at < bytes.length; at++) {
    const char = bytes[at];
    if (char === QUOTE) at = endOfText(bytes, at);
    else if (char === ARRAY) arrays++;
    else if (char === COLON || char === OBJECT) keys++;
    if (arrays > MAX_ARRAYS) throw invalidArgument(`request JSON has more than ${MAX_ARRAYS} arrays`);
    if (keys > MAX_KEYS) throw invalidArgument(`request JSON has more than ${MAX_KEYS} objects and keys`);
  }
}

function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/**
 * Parses JSON without losing digits: an integer that a double cannot hold becomes a bigint. A key `__proto__` is
 * dropped. The text is read a second time only if a number beyond 2^53 was seen, by a slower reader of our own
 * (200,000 numbers in 1.3 MB: JSON.parse 2.6 ms, this 3.3 ms, with such a number 18 ms; a reviver with sources 150 ms).
 */
export function parseExactJson(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw invalidArgument(`request is not valid JSON: ${error instanceof Error ? error.message : ''}`);
  }
  return inspect(value, 0) ? new ExactReader(text).read() : value;
}

/** Holds the nesting limit, drops `__proto__`, and tells whether any number may have lost digits. */
function inspect(value: JsonValue, depth: number): boolean {
  if (typeof value === 'number') return isUnsafe(value);
  if (typeof value !== 'object' || value === null || value instanceof Float64Array) return false;
  if (depth === MAX_DEPTH) throw invalidArgument(`request JSON is nested deeper than ${MAX_DEPTH} levels`);
  let inexact = false;
  if (Array.isArray(value)) {
    // Not value[0]: a keyed load that has met other arrays makes V8 rewrite one of doubles into one of objects.
    if (typeof value.at(0) === 'number' && typeof value.at(-1) === 'number')
      return inspectNumbers(value, depth);
    for (const element of value) inexact = inspect(element, depth + 1) || inexact;
    return inexact;
  }
  if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
  for (const key of Object.keys(value)) inexact = inspect(value[key] ?? null, depth + 1) || inexact;
  return inexact;
}

/** A loop that meets hardly anything but numbers, so that V8 need not box them: a fourth of the time. */
function inspectNumbers(values: readonly JsonValue[], depth: number): boolean {
  let inexact = false;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== 'number') inexact = inspect(value ?? null, depth + 1) || inexact;
    else if (isUnsafe(value)) inexact = true;
  }
  return inexact;
}

const isUnsafe = (value: number): boolean =>
  value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;

/** Reads text that JSON.parse has accepted and `inspect` found shallow: it has no errors left to find. */
class ExactReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): JsonValue {
    this.#skipSpace();
    const char = this.#text[this.#at];
    if (char === '[') return this.#array();
    if (char === '{') return this.#object();
    if (char === '"') return this.#string();
    if (char === 't') return this.#literal(4, true);
    if (char === 'f') return this.#literal(5, false);
    if (char === 'n') return this.#literal(4, null);
    return this.#number();
  }

  #array(): JsonValue[] {
    const values: JsonValue[] = [];
    this.#at++;
    while (!this.#ends(']')) values.push(this.read());
    return values;
  }

  #object(): JsonObject {
    const object: Record<string, JsonValue> = {};
    this.#at++;
    while (!this.#ends('}')) {
      const key = this.#string();
      this.#skipSpace();
      this.#at++;
      const value = this.read();
      if (key !== '__proto__') object[key] = value;
    }
    return object;
  }

  /** Passes the comma before the next element, or the end of the array or object. */
  #ends(closing: ']' | '}'): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] === ',') {
      this.#at++;
      this.#skipSpace();
    }
    if (this.#text[this.#at] !== closing) return false;
    this.#at++;
    return true;
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    let escaped = false;
    for (let char = this.#text.charCodeAt(end); char !== 0x22; char = this.#text.charCodeAt(end)) {
      if (char === 0x5c) {
        escaped = true;
        end++;
      }
      end++;
    }
    this.#at = end + 1;
    return escaped
      ? (JSON.parse(this.#text.slice(start, end + 1)) as string)
      : this.#text.slice(start + 1, end);
  }

  #number(): number | bigint {
    const start = this.#at;
    let integer = true;
    for (let char = this.#text.charCodeAt(this.#at); ; char = this.#text.charCodeAt(++this.#at)) {
      if ((char >= 0x30 && char <= 0x39) || char === 0x2d) continue;
      if (char !== 0x2e && char !== 0x65 && char !== 0x45 && char !== 0x2b) break;
      integer = false;
    }
    const digits = this.#text.slice(start, this.#at);
    const value = Number(digits);
    const exact = !integer || digits.length < LONG_INTEGER || Number.isSafeInteger(value);
    return exact ? value : BigInt(digits);
  }

  #literal<T>(length: number, value: T): T {
    this.#at += length;
    return value;
  }

  #skipSpace(): void {
    for (let char = this.#text.charCodeAt(this.#at); isSpace(char); char = this.#text.charCodeAt(++this.#at));
  }
}

const isSpace = (char: number): boolean => char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;

import type { NumericData } from '../tensor/datatype.ts';

/** Copies numbers into floats. Gives whether all are in range. JSON has no NaN, so what is not has become infinite. */
export function copyFloats(
  numbers: Float64Array,
  target: Float16Array | Float32Array | Float64Array,
  offset: number,
): boolean {
  target.set(numbers, offset);
  const copies = target.subarray(offset, offset + numbers.length);
  return !copies.includes(Infinity) && !copies.includes(-Infinity);
}

/** Copies numbers into integers of at most 32 bits. Gives whether all are whole and in range. */
export function copyIntegers(
  numbers: Float64Array,
  target: NumericData,
  offset: number,
  min: number,
  max: number,
): boolean {
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index] ?? 0;
    if (!Number.isInteger(value) || value < min || value > max) return false;
    target[offset + index] = value;
  }
  return true;
}

/** Copies numbers into integers of 64 bits. Gives whether all are safe integers and `least` or more. */
export function copyWords(numbers: Float64Array, words: Uint32Array, offset: number, least: number): boolean {
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index] ?? 0;
    if (!Number.isSafeInteger(value) || value < least) return false;
    putWords(words, offset + index, value);
  }
  return true;
}

/** What the upper half of a 64-bit integer counts. */
const WORD = 2 ** 32;

/** Writes a safe integer as the two halves of a 64-bit one: no bigint is made of it. */
export function putWords(words: Uint32Array, index: number, value: number): void {
  const high = Math.floor(value / WORD);
  words[2 * index] = value - high * WORD;
  words[2 * index + 1] = high;
}

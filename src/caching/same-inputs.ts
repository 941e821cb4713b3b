import type { Signature } from '../inference/signature.ts';
import type { NumericData } from '../tensor/datatype.ts';
import { sameShape } from '../tensor/shape.ts';
import { isStrings, type Tensor, type TensorMap } from '../tensor/tensor.ts';

/** Words, or strings, of each input that `sampleOf` reads. */
const SAMPLES = 16;

/**
 * A 32-bit number that is equal for equal inputs, and seldom for others. It reads the shapes and a few elements spread
 * over each input, so that its cost does not grow with them; whether inputs are equal is for `sameInputs` to say.
 */
export function sampleOf(inputs: TensorMap, { inputs: specs }: Signature): number {
  let hash = 0x811c9dc5;
  for (const { name } of specs) {
    const tensor = inputs.get(name);
    if (tensor === undefined) continue;
    for (const size of tensor.shape) hash = mix(hash, size);
    const { data } = tensor;
    hash = isStrings(data) ? mixStrings(hash, data) : mixWords(hash, data);
  }
  return hash;
}

/** Whether both hold the same shapes and, bit for bit, the same data. Stops at the first difference. */
export function sameInputs(a: TensorMap, b: TensorMap, { inputs: specs }: Signature): boolean {
  return specs.every(({ name }) => sameTensor(a.get(name), b.get(name)));
}

function sameTensor(a: Tensor | undefined, b: Tensor | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.datatype !== b.datatype || !sameShape(a.shape, b.shape)) return false;
  const [left, right] = [a.data, b.data];
  if (!isStrings(left) && !isStrings(right)) return Buffer.compare(bytesOf(left), bytesOf(right)) === 0;
  return left.length === right.length && left.every((each: unknown, index) => each === right[index]);
}

/** The memory under numbers, as it lies there. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: NumericData): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** One step of FNV-1a, a word at a time (Fowler, Noll, Vo). */
const mix = (hash: number, word: number): number => Math.imul(hash ^ word, 0x01000193);

function mixWords(hash: number, data: NumericData): number {
  const { buffer, byteOffset, byteLength } = data;
  const words =
    byteOffset % 4 === 0 && byteLength >= 4
      ? new Int32Array(buffer, byteOffset, byteLength >> 2)
      : new Uint8Array(buffer, byteOffset, byteLength);
  const step = Math.max(1, words.length / SAMPLES);
  let mixed = hash;
  for (let at = 0; at < words.length; at += step) mixed = mix(mixed, words[Math.floor(at)] as number);
  return mixed;
}

function mixStrings(hash: number, texts: readonly string[]): number {
  const step = Math.max(1, texts.length / SAMPLES);
  let mixed = hash;
  for (let at = 0; at < texts.length; at += step) {
    const text = texts[Math.floor(at)] ?? '';
    mixed = mix(mixed, text.length);
    for (const place of [0, text.length >> 1, text.length - 1])
      mixed = mix(mixed, text.charCodeAt(place) | 0);
  }
  return mixed;
}

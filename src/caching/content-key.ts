import { createHash } from 'node:crypto';
import type { Signature } from '../inference/signature.ts';
import { isStrings, type TensorMap } from '../tensor/tensor.ts';
import { bytesOf } from './same-inputs.ts';

/**
 * What a run asks of a variant: SHA-256 over the shapes and bytes of its inputs, in the signature's order (which fixes
 * their names and datatypes), and the outputs it wants. A hash without known collisions, because whoever could make two
 * inputs collide could choose what others are answered; with the instructions that processors have for it, it is the
 * fastest of OpenSSL's too: 0.6 microseconds for 64 bytes, 350 for 600 kB.
 * @returns 32 characters below U+0100
 */
export function contentKey(
  inputs: TensorMap,
  outputs: readonly string[] | undefined,
  { inputs: inputSpecs, outputs: outputSpecs }: Signature,
): string {
  const hash = createHash('sha256');
  let head = outputSpecs.map(({ name }) => (outputs?.includes(name) === false ? '0' : '1')).join('');
  for (const { name } of inputSpecs) head += `;${inputs.get(name)?.shape.join(',') ?? '-'}`;
  hash.update(`${head}\n`);
  for (const { name } of inputSpecs) {
    const data = inputs.get(name)?.data;
    if (data === undefined) continue;
    if (!isStrings(data)) hash.update(bytesOf(data));
    // UTF-16 as it is: UTF-8 would make one text of all that hold half a surrogate pair.
    else for (const text of data) hash.update(`${text.length}:${text}`, 'utf16le');
  }
  return hash.digest('binary');
}

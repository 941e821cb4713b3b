import type { Padding, Signature } from '../inference/signature.ts';
import { cutRows, padRows } from '../tensor/padding.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { compare } from './batch-invariance.ts';

/** Elements by which the sample is made longer; two lengths, because kernels are chosen by shape. */
const EXTRA = [3, 20] as const;

/**
 * The dimension that inputs may be padded along, by the names in the signature: one symbolic dimension besides the
 * batch, always axis 1 of matrices, and a mask among the inputs that have it.
 */
function paddedDimension({ inputs, outputs }: Signature): string | undefined {
  const names = new Set<string>();
  let masked = false;
  for (const { name, dims, datatype } of inputs) {
    const symbols = dims.slice(1).filter((dim) => typeof dim === 'string');
    if (symbols.length === 0) continue;
    if (dims.length !== 2 || datatype === 'BYTES') return undefined;
    names.add(symbols[0] ?? '');
    masked ||= /mask/i.test(name);
  }
  const [only] = names;
  if (names.size !== 1 || !masked || only === undefined || only === '') return undefined;
  const cuttable = outputs.every(({ dims }) => !dims.includes(only) || dims.indexOf(only) === 1);
  return cuttable ? only : undefined;
}

/**
 * Runs the sample as it is and padded with zeros, and compares what is left of the outputs when they are cut back.
 * @returns where padding is harmless, or undefined
 */
export function harmlessPadding(
  signature: Signature,
  sample: TensorMap,
  run: (inputs: TensorMap) => TensorMap,
): Padding | undefined {
  const dimension = paddedDimension(signature);
  if (dimension === undefined) return undefined;
  const has = (specs: Signature['inputs'], name: string) =>
    specs.find((spec) => spec.name === name)?.dims[1] === dimension;
  const expected = run(sample);
  for (const extra of EXTRA) {
    const longer = new Map(
      [...sample].map(([name, tensor]) => {
        const length = tensor.shape[1] ?? 0;
        return [name, has(signature.inputs, name) ? padRows(tensor, length + extra) : tensor];
      }),
    );
    for (const [name, actual] of run(longer)) {
      const whole = expected.get(name);
      if (whole === undefined) return undefined;
      const cut = has(signature.outputs, name) ? cutRows(actual, whole.shape[1] ?? 0) : actual;
      if (compare(whole, cut) !== undefined) return undefined;
    }
  }
  return { dimension };
}

import type { Signature, TensorSpec } from '../inference/signature.ts';
import { type Dimension, formatShape } from '../tensor/shape.ts';

type Fits = (own: Dimension, base: Dimension) => boolean;

/** A size that varies at the baseline has to vary at the target: it would refuse requests that the baseline takes. */
const takes: Fits = (own, base) => typeof own === 'string' || own === base;

/** Clients rely on a size that is fixed, and no answer of another size agrees; one that varies may be any. */
const gives: Fits = (own, base) => takes(own, base) || typeof base === 'string';

const any: Fits = () => true;

/** Why a target cannot answer in place of the baseline, naming the tensor; undefined where it can. */
export const misfit = (own: Signature, base: Signature): string | undefined =>
  unlike(own, base, takes, gives);

/**
 * Whether the answers of two variants compare: they take tensors of the same names, datatypes and ranks, and so are those
 * that both give. One may give more than the other.
 */
export function comparable(one: Signature, other: Signature): boolean {
  const outputs = other.outputs.filter(({ name }) => one.outputs.some((own) => own.name === name));
  return outputs.length > 0 && unlike(one, { ...other, outputs }, any, any) === undefined;
}

function unlike(own: Signature, base: Signature, inputs: Fits, outputs: Fits): string | undefined {
  if (own === base) return undefined;
  const more = own.inputs.find(({ name }) => base.inputs.every((spec) => spec.name !== name));
  if (more !== undefined) return `input '${more.name}' is none of the baseline's`;
  return (
    different('input', own.inputs, base.inputs, inputs) ??
    different('output', own.outputs, base.outputs, outputs)
  );
}

function different(
  kind: string,
  own: readonly TensorSpec[],
  base: readonly TensorSpec[],
  fits: Fits,
): string | undefined {
  for (const wanted of base) {
    const spec = own.find(({ name }) => name === wanted.name);
    if (spec === undefined) return `${kind} '${wanted.name}' is missing`;
    const { datatype, dims } = spec;
    const same = datatype === wanted.datatype && dims.length === wanted.dims.length;
    if (same && dims.every((dim, axis) => fits(dim, wanted.dims[axis] ?? ''))) continue;
    return `${kind} '${wanted.name}' is ${textOf(spec)}, the baseline's ${textOf(wanted)}`;
  }
  return undefined;
}

const textOf = ({ datatype, dims }: TensorSpec): string => `${datatype} ${formatShape(dims)}`;

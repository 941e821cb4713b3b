import type { Signature, TensorSpec } from '../../src/inference/signature.ts';
import { isDatatype } from '../../src/tensor/datatype.ts';

/** A tensor of the protocol's model metadata; over gRPC the dimensions come as strings or Longs. */
interface TensorMetadata {
  readonly name?: string | null;
  readonly datatype?: string | null;
  readonly shape?: readonly unknown[] | null;
}

export interface ModelMetadata {
  readonly inputs?: readonly TensorMetadata[] | null;
  readonly outputs?: readonly TensorMetadata[] | null;
}

/** The signature that a server's metadata tells; dimensions of -1 vary. */
export function signatureOf(model: string, { inputs, outputs }: ModelMetadata): Signature {
  if (inputs === undefined || inputs === null || inputs.length === 0) {
    throw new Error(`the metadata of model '${model}' has no inputs`);
  }
  return { inputs: inputs.map(specOf), outputs: (outputs ?? []).map(specOf) };
}

function specOf({ name, datatype, shape }: TensorMetadata): TensorSpec {
  if (typeof datatype !== 'string' || !isDatatype(datatype)) {
    throw new Error(`tensor '${name}' has datatype '${datatype}', which is not of the protocol`);
  }
  const dims = (shape ?? []).map(Number).map((size) => (size < 0 ? '' : size));
  return { name: name ?? '', datatype, dims };
}

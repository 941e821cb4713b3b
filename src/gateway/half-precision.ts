import type { DataPlane } from '../inference/data-plane.ts';
import type { Signature } from '../inference/signature.ts';
import type { InferenceRequest } from '../inference/types.ts';
import { convertForModel } from '../protocol/float16.ts';

/**
 * The request with its FP16 and BF16 inputs widened where the model takes FP32. Only a request that has such inputs
 * asks for the signature; where there is none the data plane says why.
 */
export function widenHalfPrecision(dataPlane: DataPlane, request: InferenceRequest): InferenceRequest {
  const { model, version, parameters, inputs } = request;
  const half = Array.from(inputs.values()).some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16');
  if (!half) return request;
  const pinned = parameters.get('variant');
  const signature = signatureOf(dataPlane, model, version, typeof pinned === 'string' ? pinned : undefined);
  const converted = signature === undefined ? inputs : convertForModel(inputs, signature);
  return converted === inputs ? request : { ...request, inputs: converted };
}

function signatureOf(dataPlane: DataPlane, ...name: Parameters<DataPlane['resolve']>): Signature | undefined {
  try {
    return dataPlane.resolve(...name).variant.signature;
  } catch {
    return undefined;
  }
}

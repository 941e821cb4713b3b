import type { DataPlane } from '../inference/data-plane.ts';
import type { InferenceRequest } from '../inference/types.ts';
import { convertForModel } from '../protocol/float16.ts';

/**
 * The request with its FP16 and BF16 inputs widened where the model takes FP32. Only a request that has such inputs
 * asks for the signature; throws as `DataPlane.resolve` then.
 */
export function widenHalfPrecision(dataPlane: DataPlane, request: InferenceRequest): InferenceRequest {
  const { model, version, parameters, inputs } = request;
  const half = Array.from(inputs.values()).some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16');
  if (!half) return request;
  const pinned = parameters.get('variant');
  const { variant } = dataPlane.resolve(model, version, typeof pinned === 'string' ? pinned : undefined);
  const converted = convertForModel(inputs, variant.signature);
  return converted === inputs ? request : { ...request, inputs: converted };
}

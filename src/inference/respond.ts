import { unavailable } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { classify } from './classification.ts';
import type { RunResult } from './runner.ts';
import type { ServedVariant, ServedVersion } from './served.ts';
import type { InferenceRequest, InferenceResponse, ParameterValue, RequestedOutput } from './types.ts';

/** What a run gave, as the answer to a request. */
export function respond(
  request: InferenceRequest,
  served: ServedVersion,
  variant: ServedVariant,
  result: RunResult,
): InferenceResponse {
  return {
    model: served.model,
    version: served.version,
    variant: variant.variant,
    ...(request.id === undefined ? {} : { id: request.id }),
    parameters: responseParameters(variant, result),
    ...(result.choice === undefined ? {} : { choice: result.choice }),
    ...(result.reuse === undefined ? {} : { reuse: result.reuse }),
    outputs: orderOutputs(request.outputs, served, variant, result),
    timings: result.timings,
    batchSize: result.batchSize,
  };
}

/**
 * Which variant answered, where there was a choice why it was this one and what was expected of it, and whether the
 * answer was computed for another request.
 */
function responseParameters(
  { variant }: ServedVariant,
  { choice, timings, batchSize, reuse }: RunResult,
): ReadonlyMap<string, ParameterValue> {
  const parameters = new Map<string, ParameterValue>().set('variant', variant);
  if (reuse !== undefined) parameters.set(reuse, true);
  if (choice === undefined) return parameters;
  parameters
    .set('variant_reason', choice.reason)
    .set('batch_size', batchSize)
    .set('queue_ms', rounded(timings.queue));
  return choice.predicted === undefined
    ? parameters
    : parameters.set('predicted_ms', rounded(choice.predicted));
}

/** To microseconds: more digits would only be noise on the wire. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

/** Outputs in the order they were asked for, else in the signature's; classified where that was asked. */
function orderOutputs(
  requested: readonly RequestedOutput[] | undefined,
  served: ServedVersion,
  variant: ServedVariant,
  { outputs }: RunResult,
): ReadonlyMap<string, Tensor> {
  const wanted: readonly RequestedOutput[] =
    requested === undefined || requested.length === 0 ? variant.signature.outputs : requested;
  const ordered = new Map<string, Tensor>();
  for (const { name, classification } of wanted) {
    const tensor = outputs.get(name);
    if (tensor === undefined) throw unavailable(`the model did not produce output '${name}'`);
    const classified = classification === undefined || classification === 0;
    ordered.set(name, classified ? tensor : classify(tensor, classification, served.labels.get(name)));
  }
  return ordered;
}

import { inference as messages } from '../../src/protocol/generated/inference.js';
import { encodeMessage } from '../../src/protocol/grpc-messages.ts';
import { encodeRawTensor } from '../../src/protocol/raw-tensor.ts';
import type { AnswerOutput, BenchRequest, Payload } from './target.ts';

const SERVICE = '/inference.GRPCInferenceService';

export const METHODS = {
  infer: `${SERVICE}/ModelInfer`,
  streamInfer: `${SERVICE}/ModelStreamInfer`,
  metadata: `${SERVICE}/ModelMetadata`,
  statistics: `${SERVICE}/ModelStatistics`,
} as const;

/** A ModelInferRequest with every input raw. */
export function encodeInfer({ model, version, rows, inputs }: BenchRequest): Payload {
  const body = encodeMessage(messages.ModelInferRequest, {
    model_name: model,
    model_version: version ?? '',
    inputs: [...inputs].map(([name, { datatype, shape }]) => ({ name, datatype, shape: [...shape] })),
    raw_input_contents: [...inputs.values()].map(encodeRawTensor),
  });
  return { model, rows, path: METHODS.infer, headers: {}, body };
}

/** Field 3 of a request, its id: fields may come in any order, so it is appended to a message that is made already. */
export function withId({ body }: Payload, id: string): Buffer {
  const text = Buffer.from(id);
  return Buffer.concat([body, Buffer.from([0x1a, text.length]), text]);
}

export function outputsOfResponse(body: Buffer): readonly AnswerOutput[] {
  const { outputs } = messages.ModelInferResponse.decode(body);
  if (outputs.length === 0) throw new Error('the answer has no outputs');
  return outputs.map(({ name, shape }) => ({ name: name ?? '', shape: (shape ?? []).map(Number) }));
}

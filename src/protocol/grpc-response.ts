import protobuf, { type Writer } from 'protobufjs/minimal.js';
import type { InferenceResponse, ParameterValue } from '../inference/types.ts';
import { writeParameters } from './grpc-parameters.ts';
import { tagOf } from './grpc-wire.ts';
import { encodeRawTensor } from './raw-tensor.ts';

/** A ModelInferResponse; tensors always travel raw. */
export function encodeInferResponse(response: InferenceResponse): Buffer {
  const writer = protobuf.Writer.create();
  writeInferResponse(writer, response);
  return finish(writer);
}

/** Triton's clients look for it to see that nothing more comes for a request. */
const FINAL: readonly [string, ParameterValue] = ['triton_final_response', true];

/** A ModelStreamInferResponse with an answer, which is the only one of its request. */
export function encodeStreamResponse(response: InferenceResponse): Buffer {
  const writer = protobuf.Writer.create();
  const parameters = new Map<string, ParameterValue>([...response.parameters, FINAL]);
  writer.uint32(tagOf(2, 2)).fork();
  writeInferResponse(writer, { ...response, parameters });
  return finish(writer.ldelim());
}

/** What a request called itself and its model; empty where it could not be read. */
export interface FailedRequest {
  readonly model: string;
  readonly version: string;
  readonly id: string;
}

/** A ModelStreamInferResponse that says what went wrong, with which request, and that nothing more comes for it. */
export function encodeStreamError(message: string, { model, version, id }: FailedRequest): Buffer {
  const writer = protobuf.Writer.create();
  writer.uint32(tagOf(1, 2)).string(message);
  writer.uint32(tagOf(2, 2)).fork();
  if (model !== '') writer.uint32(tagOf(1, 2)).string(model);
  if (version !== '') writer.uint32(tagOf(2, 2)).string(version);
  if (id !== '') writer.uint32(tagOf(3, 2)).string(id);
  writeParameters(writer, tagOf(4, 2), new Map([FINAL]));
  return finish(writer.ldelim());
}

function writeInferResponse(writer: Writer, response: InferenceResponse): void {
  writer.uint32(tagOf(1, 2)).string(response.model);
  writer.uint32(tagOf(2, 2)).string(response.version);
  if (response.id !== undefined) writer.uint32(tagOf(3, 2)).string(response.id);
  writeParameters(writer, tagOf(4, 2), response.parameters);
  for (const [name, { datatype, shape }] of response.outputs) {
    writer.uint32(tagOf(5, 2)).fork();
    writer.uint32(tagOf(1, 2)).string(name).uint32(tagOf(2, 2)).string(datatype);
    if (shape.length > 0) {
      writer.uint32(tagOf(3, 2)).fork();
      for (const dimension of shape) writer.int64(dimension);
      writer.ldelim();
    }
    writer.ldelim();
  }
  for (const tensor of response.outputs.values()) writer.uint32(tagOf(6, 2)).bytes(encodeRawTensor(tensor));
}

/** The writer's own memory: it is not used again, so nothing is copied. */
function finish(writer: Writer): Buffer {
  const { buffer, byteOffset, byteLength } = writer.finish(true);
  return Buffer.from(buffer, byteOffset, byteLength);
}

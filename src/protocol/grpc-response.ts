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

/** A ModelStreamInferResponse with an answer. Triton's clients look for `triton_final_response` in it. */
export function encodeStreamResponse(response: InferenceResponse): Buffer {
  const writer = protobuf.Writer.create();
  const parameters = new Map<string, ParameterValue>([
    ...response.parameters,
    ['triton_final_response', true],
  ]);
  writer.uint32(tagOf(2, 2)).fork();
  writeInferResponse(writer, { ...response, parameters });
  return finish(writer.ldelim());
}

/** A ModelStreamInferResponse that says what went wrong; the id tells the client with which request. */
export function encodeStreamError(message: string, id: string): Buffer {
  const writer = protobuf.Writer.create();
  writer.uint32(tagOf(1, 2)).string(message);
  writer.uint32(tagOf(2, 2)).fork();
  if (id !== '') writer.uint32(tagOf(3, 2)).string(id);
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

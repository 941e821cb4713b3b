import protobuf, { type Reader } from 'protobufjs/minimal.js';
import { invalidArgument } from '../errors.ts';
import type { InferenceRequest, Parameters, ParameterValue, RequestedOutput } from '../inference/types.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { decodeContents } from './grpc-contents.ts';
import { readParameter } from './grpc-parameters.ts';
import { decoding, openMessage, safeInteger, skipField, tagOf } from './grpc-wire.ts';
import { quote } from './quote.ts';
import { decodeRawTensor, parseDatatype, parseShape } from './raw-tensor.ts';
import { checkParameterCount, checkParameterName, countParameter } from './request-parameters.ts';
import { MAX_TENSORS, MAX_TEXT } from './rest-request.ts';

/** A ModelInferRequest as it lies in its message: tensor bytes are views, nothing is checked against anything yet. */
export interface WireRequest {
  readonly model: string;
  readonly version: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly WireInput[];
  readonly outputs: readonly WireOutput[];
  readonly raw: readonly Uint8Array[];
}

interface WireInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly (number | bigint)[];
  readonly parameters: Parameters;
  readonly contents: readonly Uint8Array[];
}

interface WireOutput {
  readonly name: string;
  readonly parameters: Parameters;
}

const PACKED_SHAPE = tagOf(3, 2);
const SINGLE_DIMENSION = tagOf(3, 0);

/**
 * Reads a ModelInferRequest. By hand rather than by the generated code: tensors stay where they are, and 64-bit
 * integers stay exact. Throws `invalid_argument` for bytes that are no such message.
 */
export function readInferRequest(message: Uint8Array): WireRequest {
  return decoding('ModelInferRequest', () => {
    const request = { model: '', version: '', id: '' };
    const parameters = new Map<string, ParameterValue>();
    const inputs: WireInput[] = [];
    const outputs: WireOutput[] = [];
    const raw: Uint8Array[] = [];
    const reader = protobuf.Reader.create(message);
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      if (tag === tagOf(1, 2)) request.model = reader.stringVerify();
      else if (tag === tagOf(2, 2)) request.version = reader.stringVerify();
      else if (tag === tagOf(3, 2)) request.id = reader.stringVerify();
      else if (tag === tagOf(4, 2)) readParameter(reader, parameters);
      else if (tag === tagOf(5, 2)) inputs.push(readInput(reader));
      else if (tag === tagOf(6, 2)) outputs.push(readOutput(reader));
      else if (tag === tagOf(7, 2)) raw.push(reader.bytes());
      else skipField(reader, tag);
    }
    return { ...request, parameters, inputs, outputs, raw };
  });
}

function readInput(reader: Reader): WireInput {
  const input = { name: '', datatype: '' };
  const shape: (number | bigint)[] = [];
  const parameters = new Map<string, ParameterValue>();
  const contents: Uint8Array[] = [];
  const close = openMessage(reader);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (tag === tagOf(1, 2)) input.name = reader.stringVerify();
    else if (tag === tagOf(2, 2)) input.datatype = reader.stringVerify();
    else if (tag === PACKED_SHAPE) readDimensions(reader, shape);
    else if (tag === SINGLE_DIMENSION) shape.push(safeInteger(reader.int64()));
    else if (tag === tagOf(4, 2)) readParameter(reader, parameters);
    else if (tag === tagOf(5, 2)) contents.push(reader.bytes());
    else skipField(reader, tag);
  }
  close();
  return { ...input, shape, parameters, contents };
}

function readDimensions(reader: Reader, shape: (number | bigint)[]): void {
  const close = openMessage(reader);
  while (reader.pos < reader.len) shape.push(safeInteger(reader.int64()));
  close();
}

function readOutput(reader: Reader): WireOutput {
  let name = '';
  const parameters = new Map<string, ParameterValue>();
  const close = openMessage(reader);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (tag === tagOf(1, 2)) name = reader.stringVerify();
    else if (tag === tagOf(2, 2)) readParameter(reader, parameters);
    else skipField(reader, tag);
  }
  close();
  return { name, parameters };
}

/** The neutral request. Throws `invalid_argument` naming the input or output that is wrong. */
export function toInferenceRequest(wire: WireRequest): InferenceRequest {
  const { model, version, id, outputs } = wire;
  if (id.length > MAX_TEXT) throw invalidArgument(`'id' must be a string of at most ${MAX_TEXT} characters`);
  const parameters = new Map(wire.parameters);
  // Asks a stream for a last answer when there was none; every request of ours has exactly one.
  parameters.delete('triton_enable_empty_final_response');
  checkParameters('the request', parameters);
  return {
    model,
    ...(version === '' ? {} : { version }),
    ...(id === '' ? {} : { id }),
    parameters,
    inputs: decodeInputs(wire),
    ...(outputs.length === 0 ? {} : { outputs: requestedOutputs(outputs) }),
  };
}

function checkParameters(owner: string, parameters: Parameters): void {
  checkParameterCount(owner, parameters.size);
  for (const name of parameters.keys()) checkParameterName(name);
}

function checkTensors(field: string, tensors: readonly { readonly name: string }[]): void {
  if (tensors.length > MAX_TENSORS) {
    throw invalidArgument(`'${field}' has ${tensors.length} entries, the limit is ${MAX_TENSORS}`);
  }
  if (tensors.some(({ name }) => name === '' || name.length > MAX_TEXT)) {
    throw invalidArgument(`every entry of '${field}' needs a 'name' of 1 to ${MAX_TEXT} characters`);
  }
}

function decodeInputs({ inputs, raw }: WireRequest): Map<string, Tensor> {
  checkTensors('inputs', inputs);
  for (const { name, parameters } of inputs) checkParameters(`input ${quote(name)}`, parameters);
  if (raw.length > 0 && raw.length !== inputs.length) {
    throw invalidArgument(
      `'raw_input_contents' has ${raw.length} entries, the ${inputs.length} inputs need one each`,
    );
  }
  const tensors = new Map<string, Tensor>();
  for (const [index, input] of inputs.entries()) {
    if (tensors.has(input.name)) throw invalidArgument(`input ${quote(input.name)} is given more than once`);
    tensors.set(input.name, decodeInput(input, raw[index]));
  }
  return tensors;
}

function decodeInput({ name, datatype: text, shape: dims, contents }: WireInput, raw?: Uint8Array): Tensor {
  const datatype = parseDatatype(name, text);
  const shape = parseShape(name, dims);
  if (raw === undefined) {
    return decoding(`contents of input ${quote(name)}`, () =>
      decodeContents(name, datatype, shape, contents),
    );
  }
  if (contents.length > 0) {
    throw invalidArgument(`input ${quote(name)} has both 'contents' and 'raw_input_contents'`);
  }
  return decodeRawTensor(name, datatype, shape, raw);
}

function requestedOutputs(outputs: readonly WireOutput[]): RequestedOutput[] {
  checkTensors('outputs', outputs);
  return outputs.map(({ name, parameters }) => {
    const owner = `output ${quote(name)}`;
    checkParameters(owner, parameters);
    const classification = countParameter(parameters, 'classification', owner);
    return classification === undefined ? { name } : { name, classification };
  });
}

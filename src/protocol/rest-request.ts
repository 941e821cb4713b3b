import { invalidArgument } from '../errors.ts';
import type { Parameters, RequestedOutput } from '../inference/types.ts';
import type { Tensor, TensorMap } from '../tensor/tensor.ts';
import { BinaryReader, splitBody } from './binary-tensors.ts';
import { isArray, isObject, type JsonObject, type JsonValue } from './exact-json.ts';
import { tensorFromJson } from './json-data.ts';
import { parseTensorJson } from './json-numbers/parse-tensor-json.ts';
import { quote } from './quote.ts';
import { decodeRawTensor, parseDatatype, parseShape } from './raw-tensor.ts';
import { booleanParameter, countParameter, parseParameters } from './request-parameters.ts';

/** Most inputs, and most requested outputs, of a request: far above any model, and it bounds the work of one. */
export const MAX_TENSORS = 1024;

/** Longest name of a tensor and longest request id, in UTF-16 units: both are repeated in answers. */
export const MAX_TEXT = 1024;

/** What an infer request asks of a model, and how its answer is to be written. Plain data: it crosses threads. */
export interface RestRequest {
  readonly id?: string;
  readonly parameters: Parameters;
  readonly inputs: TensorMap;
  readonly outputs?: readonly RequestedOutput[];
  readonly binary: BinaryChoice;
}

/** Which outputs the client wants as binary data. An output's own wish goes before the request's. */
export interface BinaryChoice {
  readonly byDefault: boolean;
  readonly byOutput: ReadonlyMap<string, boolean>;
}

export const ALL_BINARY: BinaryChoice = { byDefault: true, byOutput: new Map() };

/**
 * Decodes the body of an infer request: JSON alone, or with a `headerLength` JSON followed by binary tensors.
 * Throws `invalid_argument` naming the field, `unimplemented` for extensions that are not served.
 */
export function decodeRestRequest(body: Uint8Array, headerLength?: number): RestRequest {
  const { json, binary } =
    headerLength === undefined
      ? { json: body, binary: new BinaryReader(body.subarray(body.byteLength)) }
      : splitBody(body, headerLength);
  const root = parseTensorJson(json);
  if (!isObject(root)) throw invalidArgument('request JSON must be an object');
  const id = idOf(root['id']);
  const parameters = parseParameters('the request', root['parameters']);
  const byDefault = booleanParameter(parameters, 'binary_data_output', 'the request') ?? false;
  const inputs = decodeInputs(root['inputs'], binary);
  const { outputs, byOutput } = decodeOutputs(root['outputs']);
  return {
    ...(id === undefined ? {} : { id }),
    parameters,
    inputs,
    ...(outputs === undefined ? {} : { outputs }),
    binary: { byDefault, byOutput },
  };
}

function idOf(value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value.length <= MAX_TEXT) return value;
  throw invalidArgument(`'id' must be a string of at most ${MAX_TEXT} characters`);
}

function decodeInputs(value: JsonValue | undefined, binary: BinaryReader): TensorMap {
  const inputs = new Map<string, Tensor>();
  for (const entry of tensorList('inputs', value)) {
    const name = nameOf('inputs', entry);
    if (inputs.has(name)) throw invalidArgument(`input ${quote(name)} is given more than once`);
    inputs.set(name, decodeInput(name, entry, binary));
  }
  binary.finish();
  return inputs;
}

function decodeInput(name: string, entry: JsonObject, binary: BinaryReader): Tensor {
  const owner = `input ${quote(name)}`;
  const { datatype: type, shape: dims, data } = entry;
  if (typeof type !== 'string') throw invalidArgument(`${owner} needs a 'datatype'`);
  const datatype = parseDatatype(name, type);
  if (!isNumbers(dims)) throw invalidArgument(`${owner} needs a 'shape', an array of integers`);
  const shape = parseShape(name, dims);
  const parameters = parseParameters(owner, entry['parameters']);
  const size = countParameter(parameters, 'binary_data_size', owner);
  if (size === undefined) return tensorFromJson(name, datatype, shape, data);
  if (data !== undefined) throw invalidArgument(`${owner} has both 'data' and 'binary_data_size'`);
  return decodeRawTensor(name, datatype, shape, binary.take(name, size));
}

const EVERY_OUTPUT = { outputs: undefined, byOutput: new Map<string, boolean>() };

function decodeOutputs(value: JsonValue | undefined) {
  if (value === undefined || value === null) return EVERY_OUTPUT;
  const byOutput = new Map<string, boolean>();
  const outputs = tensorList('outputs', value).map((entry): RequestedOutput => {
    const name = nameOf('outputs', entry);
    const owner = `output ${quote(name)}`;
    const parameters = parseParameters(owner, entry['parameters']);
    const binary = booleanParameter(parameters, 'binary_data', owner);
    if (binary !== undefined) byOutput.set(name, binary);
    const classification = countParameter(parameters, 'classification', owner);
    return classification === undefined ? { name } : { name, classification };
  });
  return { outputs, byOutput };
}

function tensorList(field: string, value: JsonValue | undefined): readonly JsonObject[] {
  if (!isArray(value)) throw invalidArgument(`the request needs '${field}', an array of objects`);
  if (value.length > MAX_TENSORS) {
    throw invalidArgument(`'${field}' has ${value.length} entries, the limit is ${MAX_TENSORS}`);
  }
  return Array.from(value, (entry: JsonValue, index) => {
    if (isObject(entry)) return entry;
    throw invalidArgument(`'${field}' entry ${index} must be an object`);
  });
}

function nameOf(field: string, { name }: JsonObject): string {
  if (typeof name === 'string' && name !== '' && name.length <= MAX_TEXT) return name;
  throw invalidArgument(`every entry of '${field}' needs a 'name' of 1 to ${MAX_TEXT} characters`);
}

const isNumbers = (value: JsonValue | undefined): value is (number | bigint)[] | Float64Array =>
  isArray(value) && value.every((entry) => typeof entry === 'number' || typeof entry === 'bigint');

import { InferenceError } from '../errors.ts';
import type { InferenceResponse } from '../inference/types.ts';
import type { NumericData } from '../tensor/datatype.ts';
import { isStrings, type Tensor } from '../tensor/tensor.ts';
import { bfloatValues, halfValues } from './float16.ts';
import { NumberWriter } from './json-numbers/number-writer.ts';
import { quote } from './quote.ts';
import { encodeRawTensor } from './raw-tensor.ts';
import type { BinaryChoice } from './rest-request.ts';

export interface RestResponse {
  readonly body: string | Uint8Array;
  /** Bytes of JSON in front of the binary data; left out when all is JSON. */
  readonly headerLength?: number;
}

/** What of an answer goes into its body. Plain data: it crosses threads. */
export type ResponseContent = Pick<InferenceResponse, 'model' | 'version' | 'id' | 'parameters' | 'outputs'>;

/**
 * Writes an answer: flat data, integers with all their digits, binary data where `binary` asks for it.
 * Throws `failed_precondition` where JSON is to carry NaN or infinity, for which it has no form.
 */
export function encodeRestResponse(response: ResponseContent, binary: BinaryChoice): RestResponse {
  const blobs: Uint8Array[] = [];
  let outputs = '';
  for (const [name, tensor] of response.outputs) {
    if (outputs !== '') outputs += ',';
    outputs += `{"name":${JSON.stringify(name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(',')}]`;
    if (binary.byOutput.get(name) ?? binary.byDefault) {
      const blob = encodeRawTensor(tensor);
      blobs.push(blob);
      outputs += `,"parameters":{"binary_data_size":${blob.byteLength}}}`;
    } else {
      outputs += `,"data":${jsonData(name, tensor)}}`;
    }
  }
  const json = `${openResponse(response)},"outputs":[${outputs}]}`;
  if (blobs.length === 0) return { body: json };
  const header = Buffer.from(json);
  return { body: Buffer.concat([header, ...blobs]), headerLength: header.byteLength };
}

function openResponse({ model, version, id, parameters }: ResponseContent): string {
  let fields = `"model_name":${JSON.stringify(model)},"model_version":${JSON.stringify(version)}`;
  if (id !== undefined) fields += `,"id":${JSON.stringify(id)}`;
  let entries = '';
  for (const [name, value] of parameters) {
    if (entries !== '') entries += ',';
    entries += `${JSON.stringify(name)}:${typeof value === 'bigint' ? value : JSON.stringify(value)}`;
  }
  return entries === '' ? `{${fields}` : `{${fields},"parameters":{${entries}}`;
}

function jsonData(name: string, { datatype, data }: Tensor): string {
  if (isStrings(data)) return JSON.stringify(data);
  switch (datatype) {
    case 'BOOL':
      return jsonBooleans(data);
    case 'FP16':
      return jsonFloats(name, halfValues(data));
    case 'BF16':
      return jsonFloats(name, bfloatValues(data));
    case 'FP32':
      return jsonFloats(name, data as Float32Array);
    case 'FP64':
      return jsonDoubles(name, data);
    default:
      return `[${data.join(',')}]`;
  }
}

function jsonBooleans(data: NumericData): string {
  const words: string[] = [];
  for (let index = 0; index < data.length; index++) words.push(data[index] === 0 ? 'false' : 'true');
  return `[${words.join(',')}]`;
}

/** As floats of 32 bits: half of the digits of a double would say nothing, and clients that want all ask for binary data. */
function jsonFloats(name: string, values: Float32Array | Float16Array): string {
  writer ??= new NumberWriter();
  const text = writer.write(values);
  if (typeof text === 'number') throw notFinite(name, text, values[text]);
  return `[${text}]`;
}

let writer: NumberWriter | undefined;

/** `join` writes numbers as JSON does, but also what JSON does not have, and -0 without its sign. */
function jsonDoubles(name: string, values: NumericData): string {
  let signed = false;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (!Number.isFinite(value)) throw notFinite(name, index, value);
    if (Object.is(value, -0)) signed = true;
  }
  if (!signed) return `[${values.join(',')}]`;
  return `[${Array.from<unknown>(values)
    .map((value) => (Object.is(value, -0) ? '-0' : value))
    .join(',')}]`;
}

const notFinite = (name: string, index: number, value: number | bigint | undefined): InferenceError =>
  new InferenceError(
    'failed_precondition',
    `output ${quote(name)}: element ${index} is ${value}, which JSON cannot carry; ask for it with binary_data`,
  );

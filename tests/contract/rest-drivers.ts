import { bfloatValues, halfValues } from '../../src/protocol/float16.ts';
import { decodeRawTensor, parseDatatype } from '../../src/protocol/raw-tensor.ts';
import { STATUS } from '../../src/protocol/status.ts';
import { isStrings } from '../../src/tensor/tensor.ts';
import type {
  CaseAnswer,
  CaseInput,
  CaseOutput,
  CaseRequest,
  CaseValue,
  ProtocolDriver,
} from './protocol-case.ts';
import { bytesOf } from './protocol-cases.ts';

/** Sends cases over HTTP, all of a request in JSON. */
export const jsonDriver = (base: string): ProtocolDriver => ({
  carrier: 'json',
  statusOf,
  async send(request) {
    const body = json(request, (input) => ({ data: input.data }));
    const response = await post(base, request, body, { 'content-type': 'application/json' });
    return answer(response, Buffer.from(await response.arrayBuffer()));
  },
});

/** Sends cases over HTTP with every input and output as binary data. */
export const binaryDriver = (base: string): ProtocolDriver => ({
  carrier: 'binary',
  statusOf,
  async send(request) {
    const blobs = request.inputs.map(bytesOf);
    const sized = { ...request, parameters: { binary_data_output: true, ...request.parameters } };
    const header = Buffer.from(
      json(sized, (_, index) => ({ parameters: { binary_data_size: blobs[index]?.byteLength ?? 0 } })),
    );
    const response = await post(base, request, Buffer.concat([header, ...blobs]), {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.byteLength),
    });
    return answer(response, Buffer.from(await response.arrayBuffer()));
  },
});

const statusOf: ProtocolDriver['statusOf'] = (code) => (code === 'ok' ? 200 : STATUS[code].http);

function post(
  base: string,
  { model, version }: CaseRequest,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Response> {
  const path = `/v2/models/${model}${version === undefined ? '' : `/versions/${version}`}/infer`;
  return fetch(base + path, { method: 'POST', body, headers });
}

function json(
  { model, version, inputs, ...rest }: CaseRequest,
  data: (input: CaseInput, index: number) => object,
): string {
  const tensors = inputs.map((input, index) => {
    const { name, datatype, shape } = input;
    return { name, datatype, shape, ...data(input, index) };
  });
  return writeJson({ ...rest, inputs: tensors });
}

/** In Node, not yet in TypeScript's library. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON.stringify with integers of any length: bigints go through as digits. */
function writeJson(value: unknown): string {
  const digits = (_: string, each: unknown) => (typeof each === 'bigint' ? rawJson(String(each)) : each);
  return JSON.stringify(value, digits);
}

/** JSON.parse with every integer beyond 2^53 as bigint, by the source text. */
export function readJson(text: string): unknown {
  const exact = (_: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
      ? BigInt(source ?? '')
      : value;
  return (JSON.parse as (text: string, reviver: typeof exact) => unknown)(text, exact);
}

interface WireOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly CaseValue[];
  readonly parameters?: { readonly binary_data_size?: number };
}

function answer(response: Response, body: Buffer<ArrayBuffer>): CaseAnswer {
  const header = response.headers.get('inference-header-content-length');
  const split = header === null ? body.byteLength : Number(header);
  const root = readJson(body.subarray(0, split).toString()) as { error?: string; outputs?: WireOutput[] };
  if (root.error !== undefined && Object.keys(root).length !== 1)
    throw new Error('an error body has one key');
  let offset = split;
  const outputs = (root.outputs ?? []).map(({ name, datatype, shape, data, parameters }): CaseOutput => {
    if (data !== undefined)
      return { name, datatype, shape, data: data.map((value) => wide(datatype, value)) };
    const size = parameters?.binary_data_size ?? 0;
    offset += size;
    return { name, datatype, shape, data: values(datatype, shape, body.subarray(offset - size, offset)) };
  });
  if (offset !== body.byteLength) throw new Error(`${body.byteLength - offset} bytes after the last output`);
  return { status: response.status, message: root.error ?? '', outputs };
}

/** As the tensor has it: JSON writes a float with the fewest digits that make it. */
function wide(datatype: string, value: CaseValue): CaseValue {
  if (/INT64$/.test(datatype)) return BigInt(value);
  return /^(FP16|BF16|FP32)$/.test(datatype) ? Math.fround(Number(value)) : value;
}

/** The values of a raw tensor, as a case states them. */
export function values(datatype: string, shape: readonly number[], bytes: Uint8Array): CaseValue[] {
  const tensor = decodeRawTensor('output', parseDatatype('output', datatype), shape, bytes);
  const { data } = tensor;
  if (isStrings(data)) return [...data];
  if (tensor.datatype === 'FP16') return [...halfValues(data)];
  if (tensor.datatype === 'BF16') return [...bfloatValues(data)];
  if (tensor.datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => value === 1);
  return [...data];
}

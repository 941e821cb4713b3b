import type { ServiceError } from '@grpc/grpc-js';
import { STATUS } from '../../src/protocol/status.ts';
import type { GrpcClient, Message } from '../support/grpc-client.ts';
import type { CaseInput, CaseOutput, CaseRequest, CaseValue, ProtocolDriver } from './protocol-case.ts';
import { bytesOf } from './protocol-cases.ts';
import { values } from './rest-drivers.ts';

/** Sends cases over gRPC with the elements in typed fields, or raw where a datatype has no such field. */
export const contentsDriver = (client: () => GrpcClient): ProtocolDriver => ({
  carrier: 'grpc',
  statusOf,
  send: (request) => send(client(), request, request.inputs.every(hasContents)),
});

/** Sends cases over gRPC with every input raw. */
export const rawDriver = (client: () => GrpcClient): ProtocolDriver => ({
  carrier: 'grpc',
  statusOf,
  send: (request) => send(client(), request, false),
});

const statusOf: ProtocolDriver['statusOf'] = (code) => (code === 'ok' ? 0 : STATUS[code].grpc);

const FIELDS: Readonly<Record<string, string>> = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};

const hasContents = ({ datatype, bytes }: CaseInput): boolean => bytes === undefined && datatype in FIELDS;

function contents({ datatype, data }: CaseInput): Message {
  const elements = data.map((value) => {
    if (typeof value === 'bigint') return String(value);
    return typeof value === 'string' ? Buffer.from(value) : value;
  });
  return { [FIELDS[datatype] ?? '']: elements };
}

async function send(client: GrpcClient, request: CaseRequest, typed: boolean) {
  const message = {
    model_name: request.model,
    model_version: request.version ?? '',
    id: request.id ?? '',
    parameters: parameters(request.parameters),
    inputs: request.inputs.map((input) => ({
      name: input.name,
      datatype: input.datatype,
      shape: input.shape,
      ...(typed ? { contents: contents(input) } : {}),
    })),
    outputs: (request.outputs ?? []).map((output) => ({
      ...output,
      parameters: parameters(output.parameters),
    })),
    raw_input_contents: typed ? [] : request.inputs.map(bytesOf),
  };
  try {
    const { response } = await client.unary('ModelInfer', message);
    return { status: 0, message: '', outputs: outputsOf(response) };
  } catch (error) {
    const { code, details } = error as ServiceError;
    return { status: code, message: details, outputs: [] };
  }
}

function parameters(given: Readonly<Record<string, CaseValue>> = {}): Message {
  const kinds = {
    boolean: 'bool_param',
    string: 'string_param',
    number: 'int64_param',
    bigint: 'uint64_param',
  };
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const kind = kinds[typeof value as keyof typeof kinds];
      return [name, { [kind]: typeof value === 'bigint' ? String(value) : value }];
    }),
  );
}

function outputsOf(response: Message): CaseOutput[] {
  const { outputs, raw_output_contents: raw } = response as {
    outputs: { name: string; datatype: string; shape: string[] }[];
    raw_output_contents: Buffer[];
  };
  if (raw.length !== outputs.length)
    throw new Error(`${raw.length} raw entries for ${outputs.length} outputs`);
  return outputs.map(({ name, datatype, shape }, index) => {
    const dims = shape.map(Number);
    return { name, datatype, shape: dims, data: values(datatype, dims, raw[index] ?? Buffer.of()) };
  });
}

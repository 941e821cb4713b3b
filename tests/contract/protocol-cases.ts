import { describe, expect, it } from 'vitest';
import type { Code } from '../../src/errors.ts';
import { encodeBytes } from '../../src/protocol/bytes-codec.ts';
import { tensorFromJson } from '../../src/protocol/json-data.ts';
import { encodeRawTensor } from '../../src/protocol/raw-tensor.ts';
import { isDatatype } from '../../src/tensor/datatype.ts';
import { echoName } from '../support/fake-registry.ts';

/**
 * What must be the same over every form of the protocol: requests in neutral words, and the code or the outputs they
 * give. Each form has a driver that writes them its own way; the models are those of `defaultModels`.
 */
export type Carrier = 'json' | 'binary' | 'grpc';

export type CaseValue = number | bigint | string | boolean;

export interface CaseInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Flat, row-major. */
  readonly data: readonly CaseValue[];
  /** Sent by the carriers of raw bytes in place of those of `data`. */
  readonly bytes?: Uint8Array;
}

export interface CaseOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly CaseValue[];
}

export interface CaseRequest {
  readonly model: string;
  readonly version?: string;
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, CaseValue>>;
  readonly inputs: readonly CaseInput[];
  readonly outputs?: readonly {
    readonly name: string;
    readonly parameters?: Readonly<Record<string, CaseValue>>;
  }[];
}

export interface ProtocolCase {
  /** A sentence about behaviour. */
  readonly name: string;
  readonly request: CaseRequest;
  readonly expected: Code | 'ok';
  /** What the error says. */
  readonly message?: RegExp;
  /** Of an answer. */
  readonly outputs?: readonly CaseOutput[];
  /** Forms that can carry the case; all when left out. */
  readonly carriers?: readonly Carrier[];
}

export interface CaseAnswer {
  /** HTTP or gRPC number. */
  readonly status: number;
  /** Of an error. */
  readonly message: string;
  readonly outputs: readonly CaseOutput[];
}

export interface ProtocolDriver {
  readonly carrier: Carrier;
  /** The number this form has for a code. */
  statusOf(code: Code | 'ok'): number;
  send(request: CaseRequest): Promise<CaseAnswer>;
}

/** Registers every case that the driver's form can carry. */
export function describeProtocol(title: string, carrier: Carrier, driver: () => ProtocolDriver): void {
  describe(title, () => {
    const cases = PROTOCOL_CASES.filter(({ carriers }) => carriers?.includes(carrier) ?? true);
    it.each(cases)('$name', async ({ request, expected, message, outputs }) => {
      const { statusOf, send } = driver();
      const answer = await send(request);
      expect({ status: answer.status, message: answer.message }).toEqual({
        status: statusOf(expected),
        message: expected === 'ok' ? '' : expect.stringMatching(message ?? /./),
      });
      if (outputs !== undefined) expect(answer.outputs).toEqual(outputs);
    });
  });
}

/** The bytes of an input at the wire; empty where its datatype has none. */
export function bytesOf({ name, datatype, data, bytes }: CaseInput): Uint8Array {
  if (bytes !== undefined) return bytes;
  if (!isDatatype(datatype)) return new Uint8Array(0);
  return encodeRawTensor(tensorFromJson(name, datatype, [data.length], [...data]));
}

const vector = (data: readonly number[], changes: Partial<CaseInput> = {}): CaseInput => ({
  name: 'input',
  datatype: 'FP32',
  shape: [data.length],
  data,
  ...changes,
});

const toVector = (changes: Partial<CaseInput>, data = [1, 2]): CaseRequest => ({
  model: 'echo_vector',
  inputs: [vector(data, changes)],
});

const row = (name: string, data: readonly number[]): CaseInput => vector(data, { name, shape: [1, 4] });

const ADD: CaseRequest = { model: 'add', inputs: [row('A', [1, 2, 3, 4]), row('B', [10, 20, 30, 40])] };

const SUM: CaseOutput = { name: 'SUM', datatype: 'FP32', shape: [1, 4], data: [11, 22, 33, 44] };

/** The identity of a datatype gives back what it was sent. */
function echo(
  datatype: Parameters<typeof echoName>[0],
  shape: readonly number[],
  data: readonly CaseValue[],
  carriers?: readonly Carrier[],
): ProtocolCase {
  return {
    name: `${datatype} of shape [${shape.join(',')}] comes back unchanged`,
    request: { model: echoName(datatype), inputs: [{ name: 'input', datatype, shape, data }] },
    expected: 'ok',
    outputs: [{ name: 'output', datatype, shape, data }],
    ...(carriers === undefined ? {} : { carriers }),
  };
}

const NOT_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

const RAW: readonly Carrier[] = ['binary', 'grpc'];

const ANSWERS: readonly ProtocolCase[] = [
  echo('BOOL', [1, 3], [true, false, true]),
  echo('UINT8', [2, 2], [0, 1, 254, 255]),
  echo('UINT16', [1, 2], [0, 65535]),
  echo('UINT32', [1, 2], [0, 4294967295]),
  echo('UINT64', [1, 3], [0n, 9007199254740993n, 18446744073709551615n]),
  echo('INT8', [1, 3], [-128, 0, 127]),
  echo('INT16', [1, 2], [-32768, 32767]),
  echo('INT32', [1, 2], [-2147483648, 2147483647]),
  echo('INT64', [1, 4], [-9223372036854775808n, -9007199254740993n, 5n, 9223372036854775807n]),
  echo('FP16', [1, 3], [0.5, -2, 65504]),
  echo('BF16', [1, 3], [0.5, -2, 1.0078125]),
  echo('FP32', [2, 2], [0, -1.5, 3.4028234663852886e38, 2 ** -149]),
  echo('FP64', [1, 3], [0.1, -1e308, 5e-324]),
  echo('BYTES', [1, 4], ['', 'plain', 'Grüße 你好 👋', '\u0000\ufeffend']),
  echo('FP32', [0, 4], []),
  echo('BYTES', [3, 0], []),
  {
    name: 'a scalar has rank 0 and one element',
    request: { model: 'echo_scalar', inputs: [vector([7], { shape: [] })] },
    expected: 'ok',
    outputs: [{ name: 'output', datatype: 'FP32', shape: [], data: [7] }],
  },
  {
    name: 'NaN and infinity pass as bytes',
    request: toVector({ bytes: new Uint8Array(new Float32Array(NOT_FINITE).buffer) }, NOT_FINITE),
    expected: 'ok',
    outputs: [
      {
        name: 'output',
        datatype: 'FP32',
        shape: [3],
        data: NOT_FINITE,
      },
    ],
    carriers: RAW,
  },
  {
    name: 'BF16 is widened for a model that takes FP32',
    request: toVector({ datatype: 'BF16' }, [1.5, -0.25]),
    expected: 'ok',
    outputs: [{ name: 'output', datatype: 'FP32', shape: [2], data: [1.5, -0.25] }],
  },
  {
    name: 'FP16 is widened for a model that takes FP32',
    request: toVector({ datatype: 'FP16' }, [1.5, -0.25]),
    expected: 'ok',
    outputs: [{ name: 'output', datatype: 'FP32', shape: [2], data: [1.5, -0.25] }],
  },
  { name: 'a batched model adds two inputs', request: ADD, expected: 'ok', outputs: [SUM] },
  { name: 'a version can be named', request: { ...ADD, version: '1' }, expected: 'ok', outputs: [SUM] },
  { name: 'a variant can be named', request: { ...ADD, model: 'add@int8' }, expected: 'ok', outputs: [SUM] },
  {
    name: 'a variant can be pinned by parameter',
    request: { ...ADD, parameters: { variant: 'int8' } },
    expected: 'ok',
    outputs: [SUM],
  },
  {
    name: 'unknown parameters are passed over',
    request: { ...ADD, parameters: { colour: 'red', size: 3, exact: true } },
    expected: 'ok',
    outputs: [SUM],
  },
  {
    name: 'classification gives values, indices and labels, best first',
    request: { ...ADD, outputs: [{ name: 'SUM', parameters: { classification: 2 } }] },
    expected: 'ok',
    outputs: [{ name: 'SUM', datatype: 'BYTES', shape: [1, 2], data: ['44:3:west', '33:2:south'] }],
  },
];

const FAULTS: readonly ProtocolCase[] = [
  { name: 'an unknown model is not found', request: { ...ADD, model: 'nobody' }, expected: 'not_found' },
  { name: 'an unknown version is not found', request: { ...ADD, version: '9' }, expected: 'not_found' },
  { name: 'an unknown variant is not found', request: { ...ADD, model: 'add@int2' }, expected: 'not_found' },
  {
    name: 'a name that cannot be one is invalid',
    request: { ...ADD, model: '..%2Fetc' },
    expected: 'invalid_argument',
    message: /model name must match/,
  },
  {
    name: 'two different variants at once are invalid',
    request: { ...ADD, model: 'add@int8', parameters: { variant: 'default' } },
    expected: 'invalid_argument',
    message: /'variant'/,
  },
  {
    name: 'a model that is not ready is unavailable',
    request: { ...toVector({}), model: 'absent' },
    expected: 'unavailable',
  },
  {
    name: 'a full queue is resource_exhausted',
    request: { ...toVector({}), model: 'full' },
    expected: 'resource_exhausted',
  },
  {
    name: 'a passed deadline is deadline_exceeded',
    request: { ...toVector({}), model: 'late' },
    expected: 'deadline_exceeded',
  },
  {
    name: 'a fault of ours is internal and keeps its secret',
    request: { ...toVector({}), model: 'broken' },
    expected: 'internal',
    message: /^internal error$/,
  },
  {
    name: 'no inputs at all are refused by name',
    request: { model: 'echo_vector', inputs: [] },
    expected: 'invalid_argument',
    message: /missing input 'input'/,
  },
  {
    name: 'a missing input is refused by name',
    request: { model: 'add', inputs: [row('A', [1, 2, 3, 4])] },
    expected: 'invalid_argument',
    message: /missing input 'B'/,
  },
  {
    name: 'an input the model does not have is refused by name',
    request: toVector({ name: 'inptu' }),
    expected: 'invalid_argument',
    message: /unexpected input 'inptu'/,
  },
  {
    name: 'an input given twice is refused by name',
    request: { model: 'echo_vector', inputs: [vector([1]), vector([2])] },
    expected: 'invalid_argument',
    message: /'input' is given more than once/,
  },
  {
    name: 'an input without a name is refused',
    request: toVector({ name: '' }),
    expected: 'invalid_argument',
    message: /'name'/,
  },
  {
    name: 'an unknown datatype is refused by name',
    request: toVector({ datatype: 'FLOAT' }),
    expected: 'invalid_argument',
    message: /'input' has unknown datatype 'FLOAT'/,
  },
  {
    name: 'a datatype the model does not take is refused',
    request: toVector({ datatype: 'INT32' }),
    expected: 'invalid_argument',
    message: /'input' has datatype INT32, the model expects FP32/,
  },
  {
    name: 'a rank the model does not take is refused',
    request: toVector({ shape: [1, 2] }),
    expected: 'invalid_argument',
    message: /'input' has shape \[1,2\]/,
  },
  {
    name: 'a negative dimension is refused',
    request: toVector({ shape: [-2] }),
    expected: 'invalid_argument',
    message: /'input': dimension 0 of its shape is -2/,
  },
  {
    name: 'a shape beyond every memory is refused before it is allocated',
    request: toVector({ shape: [2 ** 31, 2 ** 31] }),
    expected: 'invalid_argument',
    message: /'input': its shape has more than 2147483648 elements/,
  },
  {
    name: 'a large shape with little data is refused',
    request: toVector({ shape: [2 ** 30] }),
    expected: 'invalid_argument',
    message: /'input'/,
  },
  {
    name: 'less data than the shape needs is refused',
    request: toVector({ shape: [3] }),
    expected: 'invalid_argument',
    message: /'input'/,
  },
  {
    name: 'more data than the shape needs is refused',
    request: toVector({ shape: [1] }),
    expected: 'invalid_argument',
    message: /'input'/,
  },
  {
    name: 'a byte too many is refused with both sizes',
    request: toVector({ bytes: new Uint8Array(9) }),
    expected: 'invalid_argument',
    message: /'input'.*needs 8 bytes, 9 given/,
    carriers: RAW,
  },
  {
    name: 'a BYTES length that lies is refused',
    request: {
      model: echoName('BYTES'),
      inputs: [{ name: 'input', datatype: 'BYTES', shape: [1, 1], data: [], bytes: lyingBytes() }],
    },
    expected: 'invalid_argument',
    message: /'input': element 0 of 1 ends beyond/,
    carriers: RAW,
  },
  {
    name: 'BYTES that are not UTF-8 are refused',
    request: {
      model: echoName('BYTES'),
      inputs: [
        {
          name: 'input',
          datatype: 'BYTES',
          shape: [1, 1],
          data: [],
          bytes: new Uint8Array([1, 0, 0, 0, 255]),
        },
      ],
    },
    expected: 'invalid_argument',
    message: /'input': element 0 is not valid UTF-8/,
    carriers: RAW,
  },
  {
    name: 'an integer out of range is refused with its place',
    request: {
      model: echoName('INT8'),
      inputs: [{ name: 'input', datatype: 'INT8', shape: [1, 2], data: [1, 200] }],
    },
    expected: 'invalid_argument',
    message: /'input': element 1 is 200/,
    carriers: ['json', 'grpc'],
  },
  {
    name: 'batch sizes that differ are refused',
    request: {
      model: 'add',
      inputs: [row('A', [1, 2, 3, 4]), vector([1, 2, 3, 4, 5, 6, 7, 8], { name: 'B', shape: [2, 4] })],
    },
    expected: 'invalid_argument',
    message: /batch/,
  },
  {
    name: 'an output the model does not have is refused by name',
    request: { ...ADD, outputs: [{ name: 'PRODUCT' }] },
    expected: 'invalid_argument',
    message: /unknown output 'PRODUCT'/,
  },
  {
    name: 'an output asked for twice is refused by name',
    request: { ...ADD, outputs: [{ name: 'SUM' }, { name: 'SUM' }] },
    expected: 'invalid_argument',
    message: /'SUM' is requested more than once/,
  },
  {
    name: 'a classification that is no count is refused',
    request: { ...ADD, outputs: [{ name: 'SUM', parameters: { classification: -1 } }] },
    expected: 'invalid_argument',
    message: /'classification' of output 'SUM'/,
  },
  {
    name: 'a timeout that is no number is refused',
    request: { ...ADD, parameters: { timeout: 'soon' } },
    expected: 'invalid_argument',
    message: /'timeout'/,
  },
  {
    name: 'sequences are unimplemented',
    request: { ...ADD, parameters: { sequence_id: 7 } },
    expected: 'unimplemented',
    message: /'sequence_id'/,
  },
  {
    name: 'reserved parameters are refused',
    request: { ...ADD, parameters: { triton_anything: 1 } },
    expected: 'invalid_argument',
    message: /'triton_anything' is reserved/,
  },
];

/** One element that claims nine bytes and has one. */
function lyingBytes(): Uint8Array {
  const bytes = encodeBytes(['A']);
  bytes[0] = 9;
  return bytes;
}

export const PROTOCOL_CASES: readonly ProtocolCase[] = [...ANSWERS, ...FAULTS];

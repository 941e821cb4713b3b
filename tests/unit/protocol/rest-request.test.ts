import { describe, expect, it } from 'vitest';
import { InferenceError } from '../../../src/errors.ts';
import { decodeRestRequest, MAX_TENSORS, MAX_TEXT } from '../../../src/protocol/rest-request.ts';

const INPUT = { name: 'x', shape: [1], datatype: 'FP32', data: [1] };

const decode = (request: unknown) => decodeRestRequest(Buffer.from(JSON.stringify(request)));

const binary = (request: unknown, ...blobs: readonly Uint8Array[]) => {
  const header = Buffer.from(JSON.stringify(request));
  return decodeRestRequest(Buffer.concat([header, ...blobs]), header.byteLength);
};

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error instanceof InferenceError ? [error.code, error.message] : error;
  }
  return 'no error';
};

describe('a REST request', () => {
  it('in JSON becomes an inference request', () => {
    const request = decode({
      id: 'r1',
      parameters: { variant: 'int8', timeout: 5, drop: null, binary_data_output: true },
      inputs: [INPUT],
      outputs: [{ name: 'y', parameters: { classification: 3, binary_data: false } }, { name: 'z' }],
    });
    expect(request).toEqual({
      id: 'r1',
      parameters: new Map<string, unknown>([
        ['variant', 'int8'],
        ['timeout', 5],
        ['binary_data_output', true],
      ]),
      inputs: new Map([['x', { datatype: 'FP32', shape: [1], data: new Float32Array([1]) }]]),
      outputs: [{ name: 'y', classification: 3 }, { name: 'z' }],
      binary: { byDefault: true, byOutput: new Map([['y', false]]) },
    });
  });

  it("the protocol's own example of binary inputs is read", () => {
    const request = binary(
      {
        inputs: [
          { name: 'a', shape: [2, 2], datatype: 'UINT32', parameters: { binary_data_size: 16 } },
          { name: 'b', shape: [3], datatype: 'BOOL', parameters: { binary_data_size: 3 } },
        ],
      },
      new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 255, 255, 255, 255]),
      new Uint8Array([1, 0, 1]),
    );
    expect(request.inputs.get('a')?.data).toEqual(new Uint32Array([1, 2, 256, 4294967295]));
    expect(request.inputs.get('b')?.data).toEqual(new Uint8Array([1, 0, 1]));
  });

  it('binary inputs and inputs in JSON mix', () => {
    const sized = { parameters: { binary_data_size: 2 }, shape: [1], datatype: 'INT16' };
    const { inputs } = binary(
      { inputs: [{ ...sized, name: 'a' }, INPUT, { ...sized, name: 'b' }] },
      new Uint8Array([1, 0, 2, 0]),
    );
    expect(Array.from(inputs, ([name, { data }]) => [name, data[0]])).toEqual([
      ['a', 1],
      ['x', 1],
      ['b', 2],
    ]);
  });

  it('an empty tensor has zero bytes', () => {
    const empty = { name: 'x', shape: [0], datatype: 'FP32', parameters: { binary_data_size: 0 } };
    expect(binary({ inputs: [empty] }).inputs.get('x')?.data).toHaveLength(0);
  });

  it('names of Object.prototype are names like any other', () => {
    const { inputs, parameters } = decode({
      parameters: { constructor: 'c', toString: 't' },
      inputs: [{ ...INPUT, name: 'constructor' }],
    });
    expect([...inputs.keys(), ...parameters.keys()]).toEqual(['constructor', 'constructor', 'toString']);
  });

  const sized = (size: unknown, more = {}) => ({
    inputs: [{ name: 'x', shape: [1], datatype: 'FP32', parameters: { binary_data_size: size }, ...more }],
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'more bytes claimed than sent',
      () => binary(sized(8), new Uint8Array(4)),
      /is 8, the request body has 4/,
    ],
    ['fewer bytes than the shape', () => binary(sized(3), new Uint8Array(3)), /needs 4 bytes, 3 given/],
    ['bytes left over', () => binary(sized(4), new Uint8Array(7)), /additional input data: 3 bytes/],
    ['data and bytes', () => binary(sized(4, { data: [1] }), new Uint8Array(4)), /both 'data' and/],
    [
      'a size that is no count',
      () => binary(sized('4'), new Uint8Array(4)),
      /'binary_data_size' of input 'x'/,
    ],
    ['a negative size', () => binary(sized(-4), new Uint8Array(4)), /'binary_data_size'/],
    ['binary data without the header', () => decode(sized(4)), /is 4, the request body has 0/],
    ['a header beyond the body', () => decodeRestRequest(Buffer.from('{}'), 3), /body has only 2 bytes/],
    ['a header that cuts the JSON', () => decodeRestRequest(Buffer.from('{"a":1}'), 3), /not valid JSON/],
    ['an array as request', () => decode([]), /must be an object/],
    ['no inputs', () => decode({}), /'inputs'/],
    ['inputs that are an object', () => decode({ inputs: {} }), /'inputs'/],
    ['an input that is a number', () => decode({ inputs: [1] }), /'inputs' entry 0/],
    ['an input without a name', () => decode({ inputs: [{ ...INPUT, name: undefined }] }), /'name'/],
    ['a name too long', () => decode({ inputs: [{ ...INPUT, name: 'n'.repeat(MAX_TEXT + 1) }] }), /'name'/],
    ['an input without a datatype', () => decode({ inputs: [{ ...INPUT, datatype: 1 }] }), /'datatype'/],
    ['an input without a shape', () => decode({ inputs: [{ ...INPUT, shape: undefined }] }), /'shape'/],
    ['a shape of texts', () => decode({ inputs: [{ ...INPUT, shape: ['1'] }] }), /'shape'/],
    ['too many inputs', () => decode({ inputs: Array(MAX_TENSORS + 1).fill(INPUT) }), /the limit is 1024/],
    [
      'as many numbers',
      () => decode({ inputs: Array(MAX_TENSORS * 2).fill(1) }),
      /has 2048 entries, the limit is 1024/,
    ],
    [
      'a shape of many',
      () => decode({ inputs: [{ ...INPUT, shape: Array(4000).fill(1) }] }),
      /4000 dimensions/,
    ],
    ['an id that is a number', () => decode({ id: 5, inputs: [] }), /'id'/],
    [
      'parameters that are a list',
      () => decode({ parameters: [], inputs: [] }),
      /'parameters' of the request/,
    ],
    ['a nested parameter', () => decode({ parameters: { a: {} }, inputs: [] }), /'a' of the request/],
    [
      'a binary_data_output that is a text',
      () => decode({ parameters: { binary_data_output: 'yes' }, inputs: [] }),
      /true or false/,
    ],
    [
      'reserved parameters',
      () => decode({ parameters: { triton_x: 1 }, inputs: [] }),
      /'triton_x' is reserved/,
    ],
  ])('%s is refused', (_, run, message) => {
    expect(codeOf(run)).toEqual(['invalid_argument', expect.stringMatching(message)]);
  });

  it.each(['sequence_id', 'shared_memory_region'])('%s is unimplemented', (name) => {
    const parameters = { [name]: 1 };
    expect(codeOf(() => decode({ parameters, inputs: [] }))).toEqual([
      'unimplemented',
      expect.stringContaining(name),
    ]);
    expect(codeOf(() => decode({ inputs: [{ ...INPUT, parameters }] }))).toEqual([
      'unimplemented',
      expect.stringContaining(name),
    ]);
  });
});

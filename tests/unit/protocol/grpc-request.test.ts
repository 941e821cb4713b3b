import { describe, expect, test } from 'vitest';
import { inference as messages } from '../../../src/protocol/generated/inference.js';
import { readInferRequest, toInferenceRequest } from '../../../src/protocol/grpc-request.ts';

type Request = messages.ModelInferRequest.$Properties;
type Input = messages.ModelInferRequest.InferInputTensor.$Properties;

const encode = (request: Request) => messages.ModelInferRequest.encode(request).finish();
const decode = (request: Request) => toInferenceRequest(readInferRequest(encode(request)));
const request = (...inputs: Input[]): Request => ({ model_name: 'm', inputs });
const faultOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};
const invalid = (message: string | RegExp) =>
  expect.objectContaining({
    name: 'InferenceError',
    code: 'invalid_argument',
    message: expect.stringMatching(message),
  });

/** A request put together by hand from the numbers of the public protocol. */
const BY_HAND = Buffer.concat([
  Buffer.from('0a016d', 'hex'), // model_name = 1: "m"
  Buffer.from('120131', 'hex'), // model_version = 2: "1"
  Buffer.from('1a0137', 'hex'), // id = 3: "7"
  Buffer.from('220d0a07', 'hex'), // parameters = 4: { key = 1: "timeout", value = 2: { int64_param = 2: 5 } }
  Buffer.from('timeout'),
  Buffer.from('12021005', 'hex'),
  Buffer.from('2a0e0a01781205', 'hex'), // inputs = 5: { name = 1: "x", datatype = 2: "INT64", shape = 3: [1, 2] }
  Buffer.from('INT64'),
  Buffer.from('1a020102', 'hex'),
  Buffer.from('32190a017912140a0e', 'hex'), // outputs = 6: { name = 1: "y", parameters = 2: { "classification": 3 } }
  Buffer.from('classification'),
  Buffer.from('12021003', 'hex'),
  Buffer.from('3a100100000000000000ffffffffffffffff', 'hex'), // raw_input_contents = 7: 1, -1
]);

describe('a request put together by hand from the public field numbers', () => {
  test('is read with every field in its place', () => {
    expect(toInferenceRequest(readInferRequest(BY_HAND))).toEqual({
      model: 'm',
      version: '1',
      id: '7',
      parameters: new Map([['timeout', 5]]),
      inputs: new Map([['x', { datatype: 'INT64', shape: [1, 2], data: BigInt64Array.of(1n, -1n) }]]),
      outputs: [{ name: 'y', classification: 3 }],
    });
  });

  test('is what the generated code writes', () => {
    const raw = new Uint8Array(BigInt64Array.of(1n, -1n).buffer);
    const written = encode({
      model_name: 'm',
      model_version: '1',
      id: '7',
      parameters: { timeout: { int64_param: 5 } },
      inputs: [{ name: 'x', datatype: 'INT64', shape: [1, 2] }],
      outputs: [{ name: 'y', parameters: { classification: { int64_param: 3 } } }],
      raw_input_contents: [raw],
    });
    expect(Buffer.from(written).toString('hex')).toBe(BY_HAND.toString('hex'));
  });
});

describe('raw_input_contents', () => {
  test('aligned tensors are views of the message, not copies', () => {
    const raw = new Uint8Array(16);
    const message = encode({
      ...request({ name: 'x', datatype: 'UINT8', shape: [16] }),
      raw_input_contents: [raw],
    });
    const { inputs } = toInferenceRequest(readInferRequest(message));
    expect(inputs.get('x')?.data).toHaveProperty('buffer', message.buffer);
  });

  test.each([
    ['scalar', [], 4],
    ['empty', [0, 3], 0],
  ])('a %s tensor has its number of elements', (_, shape, bytes) => {
    const { inputs } = decode({
      ...request({ name: 'x', datatype: 'FP32', shape }),
      raw_input_contents: [new Uint8Array(bytes)],
    });
    expect(inputs.get('x')?.data).toEqual(new Float32Array(bytes / 4));
  });

  test.each([
    [
      'fewer entries than inputs',
      [new Uint8Array(4)],
      /'raw_input_contents' has 1 entries, the 2 inputs need one each/,
    ],
    ['more entries than inputs', [1, 2, 3].map(() => new Uint8Array(4)), /has 3 entries, the 2 inputs/],
    ['a size that lies', [new Uint8Array(4), new Uint8Array(3)], /unexpected size for input 'b'/],
  ])('%s are refused', (_, raw, message) => {
    const inputs = ['a', 'b'].map((name) => ({ name, datatype: 'FP32', shape: [1] }));
    expect(faultOf(() => decode({ ...request(...inputs), raw_input_contents: raw }))).toEqual(
      invalid(message),
    );
  });

  test('contents beside it are refused, even for one input only', () => {
    const inputs = [
      { name: 'a', datatype: 'FP32', shape: [1] },
      { name: 'b', datatype: 'FP32', shape: [1], contents: { fp32_contents: [1] } },
    ];
    const raw = [new Uint8Array(4), new Uint8Array(4)];
    expect(faultOf(() => decode({ ...request(...inputs), raw_input_contents: raw }))).toEqual(
      invalid(/input 'b' has both 'contents' and 'raw_input_contents'/),
    );
  });
});

describe('parameters', () => {
  const parametersOf = (parameters: Request['parameters']) =>
    decode({ ...request(), parameters: parameters ?? {} }).parameters;

  test('every kind keeps its value, 64-bit integers beyond 2^53 too', () => {
    const long = (value: bigint) => ({
      low: Number(BigInt.asIntN(32, value)),
      high: Number(BigInt.asIntN(32, value >> 32n)),
    });
    const parameters = parametersOf({
      flag: { bool_param: true },
      text: { string_param: 'ü' },
      small: { int64_param: -7 },
      least: { int64_param: long(-(2n ** 63n)) as never },
      most: { uint64_param: long(2n ** 64n - 1n) as never },
      real: { double_param: 0.5 },
    });
    expect(Object.fromEntries(parameters)).toEqual({
      flag: true,
      text: 'ü',
      small: -7,
      least: -(2n ** 63n),
      most: 2n ** 64n - 1n,
      real: 0.5,
    });
  });

  test('a name from the prototype chain is a name like any other', () => {
    const message = encode({ ...request(), parameters: { constructor: { bool_param: true } } });
    expect(toInferenceRequest(readInferRequest(message)).parameters.get('constructor')).toBe(true);
  });

  test("what Triton's streaming clients always send is no parameter of the request", () => {
    expect(parametersOf({ triton_enable_empty_final_response: { bool_param: true } }).size).toBe(0);
  });

  test('sequences and shared memory are said not to be supported', () => {
    const fault = faultOf(() => parametersOf({ sequence_id: { int64_param: 1 } }));
    expect(fault).toMatchObject({ code: 'unimplemented', message: /sequence_id/ });
    const input = {
      name: 'x',
      datatype: 'FP32',
      shape: [1],
      parameters: { shared_memory_region: { string_param: 'r' } },
    };
    expect(faultOf(() => decode(request(input)))).toMatchObject({ code: 'unimplemented' });
  });
});

describe('what no client should send', () => {
  test.each([
    ['ends within a field', BY_HAND.subarray(0, BY_HAND.length - 1)],
    ['has a field that ends beyond its message', Buffer.from('2a030a0578', 'hex')],
    ['has a field number 0', Buffer.from('000a', 'hex')],
    ['has text that is not UTF-8', Buffer.from('0a02c328', 'hex')],
    ['is random', Buffer.from('ffffffffffffffffffffffff', 'hex')],
  ])('a message that %s is refused as malformed', (_, message) => {
    expect(faultOf(() => readInferRequest(message))).toEqual(invalid(/^malformed ModelInferRequest: /));
  });

  test('fields of a newer protocol are passed over', () => {
    const newer = Buffer.from('f80101820203abcdef', 'hex');
    expect(readInferRequest(Buffer.concat([newer, BY_HAND, newer]))).toEqual(readInferRequest(BY_HAND));
  });

  test.each<[string, Input[], RegExp]>([
    [
      'an unknown datatype',
      [{ name: 'x', datatype: 'FP33', shape: [1] }],
      /input 'x' has unknown datatype 'FP33'/,
    ],
    [
      'a negative dimension',
      [{ name: 'x', datatype: 'FP32', shape: [-1] }],
      /dimension 0 of its shape is -1/,
    ],
    [
      'the same input twice',
      ['x', 'x'].map((name) => ({ name, datatype: 'FP32', shape: [0] })),
      /'x' is given more than once/,
    ],
    ['an input without a name', [{ datatype: 'FP32', shape: [0] }], /every entry of 'inputs' needs a 'name'/],
    [
      'inputs beyond number',
      Array.from({ length: 1025 }, () => ({})),
      /'inputs' has 1025 entries, the limit is 1024/,
    ],
  ])('%s is refused', (_, inputs, message) => {
    expect(faultOf(() => decode(request(...inputs)))).toEqual(invalid(message));
  });

  test('a classification that is no count is refused', () => {
    const outputs = [{ name: 'y', parameters: { classification: { string_param: '3' } } }];
    expect(faultOf(() => decode({ ...request(), outputs }))).toEqual(
      invalid(/parameter 'classification' of output 'y' must be a non-negative integer/),
    );
  });
});

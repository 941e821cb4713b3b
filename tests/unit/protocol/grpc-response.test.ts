import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_TIME } from '../../../src/inference/timings.ts';
import type { InferenceResponse, ParameterValue } from '../../../src/inference/types.ts';
import { inference as messages } from '../../../src/protocol/generated/inference.js';
import {
  encodeInferResponse,
  encodeStreamError,
  encodeStreamResponse,
} from '../../../src/protocol/grpc-response.ts';
import { decodeRawTensor } from '../../../src/protocol/raw-tensor.ts';
import { allocateData, DATATYPES, type Datatype, viewData } from '../../../src/tensor/datatype.ts';
import { elementCount } from '../../../src/tensor/shape.ts';
import { makeTensor, type Tensor } from '../../../src/tensor/tensor.ts';

const response = (
  outputs: [string, Tensor][],
  parameters: [string, ParameterValue][] = [],
): InferenceResponse => ({
  model: 'm',
  version: '1',
  variant: 'int8',
  id: '7',
  parameters: new Map(parameters),
  outputs: new Map(outputs),
  timings: NO_TIME,
  batchSize: 1,
});

/** A response put together by hand from the numbers of the public protocol. */
const BY_HAND = Buffer.concat([
  Buffer.from('0a016d', 'hex'), // model_name = 1: "m"
  Buffer.from('120131', 'hex'), // model_version = 2: "1"
  Buffer.from('1a0137', 'hex'), // id = 3: "7"
  Buffer.from('22110a07', 'hex'), // parameters = 4: { "variant": { string_param = 3: "int8" } }
  Buffer.from('variant'),
  Buffer.from('12061a04', 'hex'),
  Buffer.from('int8'),
  Buffer.from('2a0d0a01791205', 'hex'), // outputs = 5: { name = 1: "y", datatype = 2: "INT64", shape = 3: [2] }
  Buffer.from('INT64'),
  Buffer.from('1a0102', 'hex'),
  Buffer.from('3210ffffffffffffff7f0000000000000080', 'hex'), // raw_output_contents = 6: 2^63-1, -2^63
]);

const LIMITS = makeTensor('INT64', [2], BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n)));

test('a response has the bytes of the public protocol', () => {
  const written = encodeInferResponse(response([['y', LIMITS]], [['variant', 'int8']]));
  expect(written.toString('hex')).toBe(BY_HAND.toString('hex'));
});

test('a streamed response is the same in field 2, and marked as the last of its request', () => {
  const { error_message, infer_response } = messages.ModelStreamInferResponse.decode(
    encodeStreamResponse(response([['y', LIMITS]])),
  );
  expect(error_message).toBe('');
  expect(infer_response).toMatchObject({
    model_name: 'm',
    id: '7',
    parameters: { triton_final_response: { bool_param: true } },
    raw_output_contents: [Buffer.from('ffffffffffffff7f0000000000000080', 'hex')],
  });
});

test('a streamed error is in field 1, names its request, and is the last of it', () => {
  const failed = { model: 'm', version: '1', id: '7' };
  expect(messages.ModelStreamInferResponse.decode(encodeStreamError('no', failed))).toMatchObject({
    error_message: 'no',
    infer_response: {
      model_name: 'm',
      model_version: '1',
      id: '7',
      parameters: { triton_final_response: { bool_param: true } },
      outputs: [],
      raw_output_contents: [],
    },
  });
});

test('parameters take the field of their kind', () => {
  const { parameters } = messages.ModelInferResponse.decode(
    encodeInferResponse(
      response(
        [],
        [
          ['flag', false],
          ['text', 'ü'],
          ['count', -7],
          ['real', 0.5],
          ['least', -(2n ** 63n)],
          ['most', 2n ** 64n - 1n],
        ],
      ),
    ),
  );
  expect(JSON.parse(JSON.stringify(parameters))).toEqual({
    flag: { bool_param: false },
    text: { string_param: 'ü' },
    count: { int64_param: { low: -7, high: -1, unsigned: false } },
    real: { double_param: 0.5 },
    least: { int64_param: { low: 0, high: -(2 ** 31), unsigned: false } },
    most: { uint64_param: { low: -1, high: -1, unsigned: true } },
  });
});

const tensors: fc.Arbitrary<Tensor> = fc
  .record({
    datatype: fc.constantFrom(...(Object.keys(DATATYPES) as Datatype[])),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    fill: fc.uint8Array({ minLength: 512, maxLength: 512 }),
    text: fc.string({ unit: 'grapheme' }),
  })
  .map(({ datatype, shape, fill, text }) => {
    const count = elementCount(shape);
    if (datatype === 'BYTES') return makeTensor(datatype, shape, new Array<string>(count).fill(text));
    if (datatype === 'BOOL') return makeTensor(datatype, shape, allocateData(datatype, count));
    return makeTensor(datatype, shape, viewData(datatype, fill.slice().buffer, 0, count));
  });

test('any tensor that is sent is the tensor that arrives, bit by bit', () => {
  fc.assert(
    fc.property(fc.array(tensors, { maxLength: 4 }), (list) => {
      const sent = list.map((tensor, index): [string, Tensor] => [`output_${index}`, tensor]);
      const { outputs, raw_output_contents: raw } = messages.ModelInferResponse.decode(
        encodeInferResponse(response(sent)),
      );
      const arrived = outputs.map(({ name, datatype, shape }, index) => [
        name,
        decodeRawTensor('', datatype as Datatype, (shape ?? []).map(Number), raw[index] ?? new Uint8Array()),
      ]);
      expect(arrived).toEqual(sent);
    }),
  );
});

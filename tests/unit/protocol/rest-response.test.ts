import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactJson } from '../../../src/protocol/exact-json.ts';
import { tensorFromJson } from '../../../src/protocol/json-data.ts';
import { ALL_BINARY } from '../../../src/protocol/rest-request.ts';
import { encodeRestResponse } from '../../../src/protocol/rest-response.ts';
import type { Datatype } from '../../../src/tensor/datatype.ts';
import { makeTensor, type Tensor } from '../../../src/tensor/tensor.ts';

const JSON_ONLY = { byDefault: false, byOutput: new Map<string, boolean>() };

const response = (...outputs: readonly (readonly [string, Tensor])[]) => ({
  model: 'm',
  version: '1',
  parameters: new Map(),
  outputs: new Map(outputs),
});

const VALUES: Record<Datatype, fc.Arbitrary<number | bigint | string | boolean>> = {
  BOOL: fc.boolean(),
  UINT8: fc.nat(255),
  UINT16: fc.nat(65535),
  UINT32: fc.nat(4294967295),
  UINT64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT16: fc.integer({ min: -32768, max: 32767 }),
  INT32: fc.integer(),
  INT64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  FP16: fc.integer({ min: -2048, max: 2048 }),
  BF16: fc.integer({ min: -256, max: 256 }),
  FP32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  FP64: fc.double({ noNaN: true, noDefaultInfinity: true }),
  BYTES: fc.string({ unit: 'grapheme' }),
};

describe('a REST response', () => {
  it.each(Object.keys(VALUES) as Datatype[])('in JSON, %s can be sent back and is the same', (datatype) => {
    fc.assert(
      fc.property(fc.array(VALUES[datatype], { maxLength: 20 }), (values) => {
        const tensor = tensorFromJson('y', datatype, [values.length], values);
        const { body, headerLength } = encodeRestResponse(response(['y', tensor]), JSON_ONLY);
        expect(headerLength).toBeUndefined();
        const { outputs } = parseExactJson(String(body)) as { outputs: { data: (number | string)[] }[] };
        const again = tensorFromJson('y', datatype, [values.length], outputs[0]?.data);
        expect([...again.data]).toEqual([...tensor.data]);
      }),
    );
  });

  it.each(['FP16', 'BF16', 'FP32', 'FP64'] as const)('in JSON, a zero of %s keeps its sign', (datatype) => {
    const tensor = tensorFromJson('y', datatype, [3], [0, -0, 1.5]);
    expect(encodeRestResponse(response(['y', tensor]), JSON_ONLY).body).toContain('"data":[0,-0,1.5]');
  });

  it('names the model, the version, the id and the parameters', () => {
    const content = {
      ...response(['y', makeTensor('INT64', [], new BigInt64Array([9223372036854775807n]))]),
      id: 'a"b',
      parameters: new Map<string, string | bigint>([
        ['variant', 'int8'],
        ['n', 2n ** 60n],
      ]),
    };
    expect(encodeRestResponse(content, JSON_ONLY).body).toBe(
      '{"model_name":"m","model_version":"1","id":"a\\"b","parameters":{"variant":"int8","n":1152921504606846976},' +
        '"outputs":[{"name":"y","datatype":"INT64","shape":[],"data":[9223372036854775807]}]}',
    );
  });

  it('puts binary outputs after the JSON, in order, without padding', () => {
    const { body, headerLength = 0 } = encodeRestResponse(
      response(
        ['a', makeTensor('UINT8', [3], new Uint8Array([1, 2, 3]))],
        ['b', makeTensor('FP32', [1], new Float32Array([0.5]))],
        ['c', makeTensor('BYTES', [1], ['é'])],
      ),
      { byDefault: true, byOutput: new Map([['b', false]]) },
    );
    const bytes = Buffer.from(body);
    expect(JSON.parse(bytes.subarray(0, headerLength).toString())).toHaveProperty('outputs', [
      { name: 'a', datatype: 'UINT8', shape: [3], parameters: { binary_data_size: 3 } },
      { name: 'b', datatype: 'FP32', shape: [1], data: [0.5] },
      { name: 'c', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 6 } },
    ]);
    expect([...bytes.subarray(headerLength)]).toEqual([1, 2, 3, 2, 0, 0, 0, 0xc3, 0xa9]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('%d is refused in JSON and passes as bytes', (value) => {
    const content = response(['y', makeTensor('FP32', [2], new Float32Array([1, value]))]);
    expect(() => encodeRestResponse(content, JSON_ONLY)).toThrow(/'y': element 1 is .* binary_data/);
    expect(encodeRestResponse(content, ALL_BINARY).headerLength).toBeGreaterThan(0);
  });
});

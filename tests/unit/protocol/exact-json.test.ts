import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type JsonValue,
  MAX_ARRAYS,
  MAX_DEPTH,
  MAX_KEYS,
  parseExactJson,
  parseJsonBody,
} from '../../../src/protocol/exact-json.ts';

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** A number beyond 2^53 anywhere makes the exact reader read everything. */
const withLongInteger = (text: string) => `[9007199254740993,${text}]`;

describe('exact JSON', () => {
  it('integers beyond 2^53 keep all their digits', () => {
    expect(parseExactJson('[9223372036854775807, -9223372036854775808, 18446744073709551615]')).toEqual([
      9223372036854775807n,
      -9223372036854775808n,
      18446744073709551615n,
    ]);
  });

  it('every 64-bit integer survives, beside every other kind of value', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (integer) => {
        const value = parseExactJson(` { "a" : [ ${integer} , "x" , 1.5 , true , null ] } `);
        const expected = Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
        expect(value).toEqual({ a: [expected, 'x', 1.5, true, null] });
      }),
    );
  });

  it('what stands between numbers is looked at as well', () => {
    expect(parseExactJson('[1, [2, 9007199254740993], {"a": -9223372036854775808}, 3]')).toEqual([
      1,
      [2, 9007199254740993n],
      { a: -9223372036854775808n },
      3,
    ]);
    expect(parseExactJson('[1, 9007199254740993, 2]')).toEqual([1, 9007199254740993n, 2]);
    expect(() => parseExactJson(`[1, ${nested(MAX_DEPTH)}, 2]`)).toThrow(/nested deeper/);
  });

  it('the exact reader agrees with JSON.parse on any JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(3), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        const expected = parseExactJson(spaced);
        expect(parseExactJson(withLongInteger(spaced))).toEqual([9007199254740993n, expected]);
      }),
    );
  });

  it.each(['1e300', '-1.5e+20', '123456789012345678.5', '1E22'])('%s stays a number', (text) => {
    expect(parseExactJson(text)).toBe(Number(text));
  });

  it.each(['{"__proto__":{"polluted":1},"a":1}', '{"\\u005f_proto__":{"polluted":1},"a":1}'])(
    'a prototype in %s is dropped',
    (text) => {
      for (const value of [parseExactJson(text), (parseExactJson(withLongInteger(text)) as JsonValue[])[1]]) {
        expect(Object.keys(value as object)).toEqual(['a']);
        expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      }
    },
  );

  it('nesting is limited, however deep', () => {
    expect(parseExactJson(nested(MAX_DEPTH))).toBeInstanceOf(Array);
    expect(() => parseExactJson(nested(MAX_DEPTH + 1))).toThrow(/deeper than 100/);
    expect(() => parseExactJson(nested(1_000_000))).toThrow(/deeper than 100/);
    expect(() => parseExactJson(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`)).toThrow(/deeper/);
  });

  it.each(['', '{', '[1,]', '{"a":1}x', 'NaN', "{'a':1}"])('%j is refused as not JSON', (text) => {
    expect(() => parseExactJson(text)).toThrow(/not valid JSON/);
  });

  it.each([
    ['[],', MAX_ARRAYS, '2097152 arrays'],
    ['{},', MAX_KEYS, '16384 objects and keys'],
    ['{"":0},', MAX_KEYS / 2, '16384 objects and keys'],
    ['{"a\\""\n :0},', MAX_KEYS / 2, '16384 objects and keys'],
  ])('a body of too many %s is refused before it is parsed', (part, limit, named) => {
    // Its end is missing: whoever parsed it would say so.
    const some = Buffer.from(`[${part.repeat(limit - 1)}`);
    expect(() => parseJsonBody(some)).toThrow(/not valid JSON/);
    expect(() => parseJsonBody(Buffer.from(`[${part.repeat(limit + 1)}`))).toThrow(`more than ${named}`);
  });

  it('what stands in a text is no part', () => {
    const text = '[{"a":1}]\\"'.repeat(MAX_KEYS);
    expect(parseJsonBody(Buffer.from(JSON.stringify([text, text])))).toEqual([text, text]);
  });

  it('a body that is not UTF-8 is refused', () => {
    expect(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/not valid UTF-8/);
    expect(parseJsonBody(Buffer.from('"ü"'))).toBe('ü');
  });
});

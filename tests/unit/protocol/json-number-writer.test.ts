import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberWriter } from '../../../src/protocol/json-numbers/number-writer.ts';

const writer = new NumberWriter();

const written = (...values: number[]) => writer.write(Float32Array.of(...values));

/** Digits without the zeros before and after them. */
const digitsOf = (text: string): string =>
  text
    .replace(/e.*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');

/** Floats of every size, and those whose neighbour below is nearer than the one above. */
const float = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -149, max: 127 }).map((exponent) => 2 ** exponent),
  fc.float({ min: -4, max: 4, noNaN: true }),
);

test('a float is written with the fewest digits that are read as it, laid out as JavaScript does', () => {
  fc.assert(
    fc.property(float, (value) => {
      const text = String(written(value));
      expect(Math.fround(Number(text))).toBe(value);
      expect(text).toBe(Object.is(value, -0) ? '-0' : String(Number(text)));
      const { length } = digitsOf(text);
      if (length > 1) expect(Math.fround(Number(value.toPrecision(length - 1)))).not.toBe(value);
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  [0, '0'],
  [-0, '-0'],
  [1, '1'],
  [-1.5, '-1.5'],
  [Math.fround(0.1), '0.1'],
  [Math.fround(1 / 3), '0.33333334'],
  [100, '100'],
  [16_777_216, '16777216'],
  [123_456.79, '123456.79'],
  [1e-6, '0.000001'],
  [1e-7, '1e-7'],
  [Math.fround(1.5e-7), '1.5e-7'],
  [Math.fround(1e20), '100000000000000000000'],
  [Math.fround(1e21), '1e+21'],
  [2 ** -149, '1e-45'],
  [2 ** -126, '1.1754944e-38'],
  [Math.fround(3.4028234663852886e38), '3.4028235e+38'],
  // Halfway between two decimals: the even one.
  [2 ** -12, '0.00024414062'],
])('%d is %s', (value, text) => {
  expect(written(value)).toBe(text);
});

test('many floats have commas between them, whatever the blocks', () => {
  for (const count of [0, 1, 2, 4095, 4096, 4097, 10_000]) {
    const values = Float32Array.from({ length: count }, (_, index) => index / 8);
    expect(writer.write(values)).toBe(values.join(','));
  }
});

test('half precision is written as floats', () => {
  expect(writer.write(Float16Array.of(0.5, 0.1))).toBe('0.5,0.099975586');
});

test.each([Number.NaN, Infinity, -Infinity])('the index of the first %d is told', (value) => {
  expect(written(1, 2, value, value)).toBe(2);
  const values = new Float32Array(9000);
  values[8999] = value;
  expect(writer.write(values)).toBe(8999);
});

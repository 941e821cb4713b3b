import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonValue, parseJsonBody } from '../../../src/protocol/exact-json.ts';
import { findNumberArrays } from '../../../src/protocol/json-numbers/number-arrays.ts';
import { parseTensorJson } from '../../../src/protocol/json-numbers/parse-tensor-json.ts';

/** More than the text that is parsed as it is, less than a block. */
const LONG = 5000;
const BLOCK = 65_536;

/** Fewest numbers of an array that is taken out. */
const LEAST = 256;

/** As many numbers as it takes. */
const filled = (numbers: readonly string[]): string[] => [...numbers, ...Array<string>(LEAST).fill('1')];

/** The text with spaces in front, so that it is long enough to be searched. */
const padded = (text: string, spaces = LONG): Buffer => Buffer.from(' '.repeat(spaces) + text);

const numbersOf = (text: string): number[][] =>
  findNumberArrays(Buffer.from(text)).map(({ numbers }) => [...numbers]);

/** Typed arrays as plain ones. */
function plain(value: JsonValue | undefined): unknown {
  if (value instanceof Float64Array || Array.isArray(value))
    return Array.from<JsonValue, unknown>(value, plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

/** What either gives or says. */
function outcome(parse: (body: Uint8Array) => JsonValue, body: Uint8Array): unknown {
  try {
    return plain(parse(body));
  } catch (error) {
    return String(error);
  }
}

const digits = (min: number, max: number) =>
  fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`), { maxLength: max });

/** Numbers as JSON writes them, most of them with more digits or larger exponents than programs print. */
const written = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      digits(1, 25).map((text) => text.replace(/^0+(?=.)/, '')),
    ),
    fc.option(digits(1, 30), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), digits(1, 3)), { nil: undefined }),
  )
  .map(([sign, whole, fraction, exponent]) => {
    return `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent?.join('') ?? ''}`;
  });

const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
const single = fc.float({ noNaN: true, noDefaultInfinity: true }).map(String);
const number = fc.oneof(written, double, single, fc.integer().map(String));

test('numbers are those of JSON.parse, to the last bit', () => {
  fc.assert(
    fc.property(fc.array(number, { maxLength: 30 }), (numbers) => {
      const text = `[${filled(numbers).join(',')}]`;
      const parsed = JSON.parse(text) as number[];
      const beyond = numbers.some((entry) => /^-?\d+$/.test(entry) && !Number.isSafeInteger(Number(entry)));
      expect(numbersOf(text)).toEqual(beyond ? [] : [parsed]);
    }),
    { numRuns: 3000 },
  );
});

test.each([
  // Halfway between two doubles, or all but.
  ['9007199254740993.0', '9007199254740995.0', '9007199254740993.00000000000000000000000000001'],
  ['1.00000000000000011102230246251565', '5.0e-1', '8.5e+22', '9.5e22', '1e23', '6631236846766476e-60'],
  ['3237883913302901289588352834518e-64', '1e-64', '1e64', '1e-65', '1e65', '18446744073709551615e44'],
  // The least and largest, and beyond them.
  ['5e-324', '2.2250738585072011e-308', '1.7976931348623157e308', '1e400', '-1e400', '1e-400'],
  [`0.${'0'.repeat(12345)}1e123456`, `0.${'0'.repeat(12344)}5e123456`, `1e${'9'.repeat(5000)}`],
  ['-0', '0', '-0.0', '0e5', '0.00000000000000000000000', '-0.000000000000000000000000000000123456789'],
  ['9007199254740991', '-9007199254740991', '0.0000000000000000000012345678901234567890'],
])('numbers that are hard to read: %.30s, ...', (...hard) => {
  const text = `[${filled(hard).join(',')}]`;
  expect(numbersOf(text)).toEqual([JSON.parse(text)]);
});

test('an array with an integer that a double may not hold keeps all of its digits', () => {
  const body = padded(`{"ids":[${Array(300).fill('9007199254740993').join(',')}]}`);
  expect(parseTensorJson(body)).toEqual({ ids: Array(300).fill(9007199254740993n) });
});

const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    number,
    fc.string({ unit: 'grapheme', maxLength: 10 }).map((text) => JSON.stringify(text)),
    fc.constantFrom('true', 'null', '"[1,2"', String.raw`"\\"`, String.raw`"\"[1,1"`, '[]', '{}', '[[]]'),
    fc
      .tuple(number, fc.integer({ min: LEAST - 1, max: LEAST + 2 }), fc.constantFrom(',', ' , ', ',\n\t'))
      .map(([entry, count, comma]) => `[ ${Array(count).fill(entry).join(comma)}]`),
    fc.array(tie('value'), { maxLength: 4 }).map((entries) => `[${entries.join(' ,')}]`),
    fc
      .array(fc.tuple(fc.string({ maxLength: 4 }), tie('value')), { maxLength: 4 })
      .map((entries) => `{${entries.map(([key, entry]) => `${JSON.stringify(key)}: ${entry}`).join()}}`),
  ),
}));

test('any JSON is read as without arrays taken out, wherever the blocks are cut', () => {
  fc.assert(
    fc.property(json.value, fc.integer({ min: 0, max: 200 }), (text, before) => {
      const body = padded(text, BLOCK - before);
      expect(outcome(parseTensorJson, body)).toEqual(outcome(parseJsonBody, body));
    }),
    { numRuns: 500 },
  );
});

test('what is no JSON is refused with the words of the text that was sent', () => {
  fc.assert(
    fc.property(
      json.value,
      fc.nat(),
      fc.constantFrom('', ',', '[', ']', '"', '0', '-', '.', 'e'),
      (text, at, char) => {
        const cut = at % (text.length + 1);
        const body = padded(text.slice(0, cut) + char + text.slice(cut + (at % 2)));
        expect(outcome(parseTensorJson, body)).toEqual(outcome(parseJsonBody, body));
      },
    ),
    { numRuns: 2000 },
  );
});

describe('a number that is none', () => {
  const wrong = [
    '01',
    '-',
    '.5',
    '1.',
    '+1',
    '1e',
    '1e+',
    '- 1',
    '1 1',
    '0x1',
    'NaN',
    '',
    '1_0',
    '--1',
    '00',
    '1.e1',
  ];
  test.each(wrong)('%j', (text) => {
    const numbers = [...filled([]), text, ...filled([])];
    expect(numbersOf(`[${numbers.join(',')}]`)).toEqual([]);
    expect(numbersOf(`[${numbers.toReversed().join(',')}`)).toEqual([]);
  });
});

test('every cut between two blocks gives the same numbers', () => {
  const array = `[${Array.from({ length: LEAST }, (_, index) => `-${index}.25e-1`).join(' , ')}]`;
  const expected = JSON.parse(array) as number[];
  for (let before = 0; before <= array.length + 2; before++) {
    const text = `${' '.repeat(BLOCK - before)}${array}`;
    expect(numbersOf(text)).toEqual([expected]);
  }
});

test('arrays longer than a block, and many in a row', () => {
  const long = Array.from({ length: 50_000 }, (_, index) => index / 7);
  const rows = Array.from({ length: 300 }, (_, row) =>
    Array.from({ length: LEAST }, (_, column) => row * column),
  );
  const text = JSON.stringify({ long, rows, short: [1, 2, 3] });
  expect(numbersOf(text)).toEqual([long, ...rows]);
  expect(plain(parseTensorJson(Buffer.from(text)))).toEqual({ long, rows, short: [1, 2, 3] });
});

test('neither a bracket before more spaces than a block holds nor a number of more digits stops the search', () => {
  const array = `[${filled([]).join(',')}]`;
  const text = `[[${' '.repeat(2 * BLOCK)}1],[0.${'1'.repeat(2 * BLOCK)}],${array}]`;
  expect(numbersOf(text)).toEqual([Array(LEAST).fill(1)]);
});

test('what is between quotes is text, wherever a block is cut', () => {
  const array = `[${filled([]).join(',')}]`;
  const text = String.raw`"\\\"${array}\\" , ${array}`;
  for (let before = 0; before <= text.length + 2; before++) {
    const padding = ' '.repeat(BLOCK - before);
    const found = findNumberArrays(Buffer.from(padding + text));
    expect(found.map(({ start }) => start - padding.length)).toEqual([text.length - array.length]);
  }
});

test('what a block before has left behind is not read', () => {
  findNumberArrays(Buffer.from('7'.repeat(BLOCK)));
  const array = `[${filled([]).join(',')}`;
  expect(numbersOf(array)).toEqual([]);
  expect(numbersOf(`${array}]`)).toEqual([Array(LEAST).fill(1)]);
});

test('where there are short arrays without end the search is given up, and more of them are borne with where long ones are', () => {
  const long = Array<number>(6400).fill(1);
  const short = (count: number): string => Array(count).fill('[1]').join(',');
  const array = JSON.stringify(long);
  expect(numbersOf(`[${short(4)},${array}]`)).toEqual([long]);
  expect(numbersOf(`[${short(5)},${array}]`)).toEqual([]);
  expect(numbersOf(`[${array},${short(104)},${array}]`)).toEqual([long, long]);
  expect(numbersOf(`[${array},${short(105)},${array}]`)).toEqual([long]);
});

test('numbers that only JavaScript can read are left to JSON.parse where there are many', () => {
  const hard = (count: number): string => `[${filled(Array(count).fill('1e99')).join(',')}]`;
  expect(numbersOf(hard(32))).toHaveLength(1);
  expect(numbersOf(hard(33))).toEqual([]);
});

test('what is marked in the text cannot be had by asking for it', () => {
  const array = `[${Array(LONG).fill('1').join(',')}]`;
  const guesses = ['', 'mark', 'MARK', '00000000-0000-4000-8000-000000000000', null].map((mark) => [mark, 0]);
  const text = `{"a":${array},"b":${JSON.stringify(guesses)}}`;
  expect(plain(parseTensorJson(Buffer.from(text)))).toEqual(JSON.parse(text));
});

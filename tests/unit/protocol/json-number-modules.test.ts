import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  compile,
  compiledPath,
  MODULES,
  type ModuleName,
} from '../../../src/protocol/json-numbers/assembly/compile.ts';
import { powerOfFive, powerOfTen } from '../../../src/protocol/json-numbers/powers.ts';

test.each(Object.keys(MODULES) as ModuleName[])(
  '%s is what the compiler makes of its source',
  async (name) => {
    const fresh = Buffer.from(await compile(name));
    expect(fresh.equals(readFileSync(compiledPath(name))), '`npm run wasm:gen` would change it').toBe(true);
  },
);

/** The most significant bits of a number, the first of them 1. */
const top = (value: bigint, bits: number): bigint => {
  const surplus = value.toString(2).length - bits;
  return surplus > 0 ? value >> BigInt(surplus) : value << BigInt(-surplus);
};

test('powers of five are their 128 most significant bits', () => {
  for (let power = 0; power <= 64; power++) {
    const [high, low] = powerOfFive(power);
    expect((high << 64n) | low).toBe(top(5n ** BigInt(power), 128));
  }
  // From the table of Lemire's paper.
  expect(powerOfFive(-1)).toEqual([0xccccccccccccccccn, 0xcccccccccccccccdn]);
  expect(powerOfFive(-28)).toEqual([0xfd87b5f28300ca0dn, 0x8bca9d6e188853fcn]);
});

test('powers of ten are their 64 most significant bits, rounded up', () => {
  for (let power = 0; power <= 27; power++) expect(powerOfTen(power)).toBe(top(10n ** BigInt(power), 64));
  for (let power = 28; power <= 45; power++) {
    expect(powerOfTen(power)).toBe(top(10n ** BigInt(power), 64) + 1n);
  }
  expect(powerOfTen(-1)).toBe(0xcccccccccccccccdn);
});

const WORD = (1n << 64n) - 1n;

/** Down to this power its reciprocal fits into 64 bits, and is rounded up; beyond, bits are cut off. */
const LEAST_ROUNDED = -27;

/**
 * The 128 most significant bits of 5^`power`, as two words, the higher first: Lemire, "Number parsing at a gigabyte per
 * second" (2021), section 5.
 */
export function powerOfFive(power: number): readonly [bigint, bigint] {
  const five = 5n ** BigInt(Math.abs(power));
  const length = BigInt(five.toString(2).length);
  const bits = power < 0 ? (1n << (length + 127n)) / five : (five << 128n) >> length;
  const rounded = power < 0 && power >= LEAST_ROUNDED ? bits + 1n : bits;
  return [rounded >> 64n, rounded & WORD];
}

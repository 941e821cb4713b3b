const WORD = (1n << 64n) - 1n;

/** Down to this power its reciprocal fits into 64 bits, and is rounded up; beyond, bits are cut off. */
const LEAST_ROUNDED = -27;

/**
 * The 128 most significant bits of 5^`power`, as two words, the higher first: Lemire, "Number parsing at a gigabyte per
 * second" (2021), section 5.
 */
export function powerOfFive(power: number): readonly [bigint, bigint] {
  const five = 5n ** BigInt(Math.abs(power));
  const length = bitLength(five);
  const bits = power < 0 ? (1n << (length + 127n)) / five : (five << 128n) >> length;
  const rounded = power < 0 && power >= LEAST_ROUNDED ? bits + 1n : bits;
  return [rounded >> 64n, rounded & WORD];
}

/** The 64 most significant bits of 10^`power`, rounded up: Giulietti, "The Schubfach way to render doubles" (2020). */
export function powerOfTen(power: number): bigint {
  const ten = 10n ** BigInt(Math.abs(power));
  if (power < 0) return ceiling(1n << (bitLength(ten - 1n) + 63n), ten);
  return ceiling(ten << 64n, 1n << bitLength(ten));
}

const bitLength = (value: bigint): bigint => BigInt(value.toString(2).length);

const ceiling = (dividend: bigint, divisor: bigint): bigint => (dividend + divisor - 1n) / divisor;

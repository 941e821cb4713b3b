/**
 * AssemblyScript, compiled to `../number-writer.wasm` by `npm run wasm:gen`: writes floats as JSON, with the fewest digits
 * that are read back as the same float. JavaScript writes them as doubles, of whose 17 digits half are noise, in three
 * times as long.
 */

/** 64 bits of the powers of ten from 10^-31 to 10^45, the most significant ones, rounded up. */
export const POWERS_OF_TEN: usize = 0;
export const MIN_POWER: i32 = -31;
export const MAX_POWER: i32 = 45;

/** Where the floats of a block are put, and how many it may have. */
export const INPUT: usize = 1024;
export const BLOCK: usize = 4096;

/** Where the text is left: 25 characters for each float at most, the comma included. */
export const OUTPUT: usize = 17408;

const MINUS: u8 = 0x2d;
const PLUS: u8 = 0x2b;
const COMMA: u8 = 0x2c;
const POINT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const LOWER_E: u8 = 0x65;

/** Of a float: bits of the fraction, and what is taken from the exponent when the fraction is read as an integer. */
const FRACTION_BITS: i32 = 23;
const BIAS: i32 = 150;

/** The decimal that `shortest` has found: an integer and the power of ten it is multiplied with. */
let digits: u32 = 0;
let power: i32 = 0;

/**
 * Writes `count` floats with commas between them. Gives the length of the text, or, where one is not finite, its index less
 * `count`: negative.
 */
export function writeFloats(count: i32): i32 {
  let at = OUTPUT;
  for (let index = 0; index < count; index++) {
    const bits = load<u32>(INPUT + (<usize>index << 2));
    const exponent = <i32>((bits >> FRACTION_BITS) & 0xff);
    if (exponent == 0xff) return index - count;
    if (index > 0) store<u8>(at++, COMMA);
    const fraction = bits & 0x7fffff;
    // JSON.stringify writes -0 as 0, which is another float.
    if (bits >> 31) store<u8>(at++, MINUS);
    if (bits << 1 == 0) {
      store<u8>(at++, ZERO);
      continue;
    }
    shortest(fraction, exponent);
    at = writeDecimal(at);
  }
  return <i32>(at - OUTPUT);
}

/**
 * The shortest decimal that is read as this float, of several the nearest to it: Giulietti, "The Schubfach way to render
 * doubles" (2020), for floats.
 */
function shortest(fraction: u32, biased: i32): void {
  const normal = biased != 0;
  const mantissa = normal ? fraction | (1 << FRACTION_BITS) : fraction;
  const exponent = (normal ? biased : 1) - BIAS;
  if (exponent <= 0 && exponent > -24 && (mantissa & ((1 << -exponent) - 1)) == 0) {
    digits = mantissa >> -exponent;
    power = 0;
    return;
  }

  // Four times the float, and the borders to its neighbours, of which the lower may be half as far.
  const closer: u32 = fraction == 0 && biased > 1 ? 1 : 0;
  const scale = (exponent * 1262611 - (closer ? 524031 : 0)) >> 22;
  const shift = exponent + ((-scale * 1741647) >> 19) + 1;
  const ten = load<u64>(POWERS_OF_TEN + (<usize>(-scale - MIN_POWER) << 3));
  const odd = mantissa & 1;
  const lower = product(ten, (4 * mantissa - 2 + closer) << shift) + odd;
  const middle = product(ten, (4 * mantissa) << shift);
  const upper = product(ten, (4 * mantissa + 2) << shift) - odd;

  const whole: u32 = middle >> 2;
  if (whole >= 10) {
    const short: u32 = whole / 10;
    const below = lower <= 40 * short;
    const above = upper >= 40 * short + 40;
    if (below != above) {
      digits = short + (above ? 1 : 0);
      power = scale + 1;
      return;
    }
  }
  const below = lower <= 4 * whole;
  const above = upper >= 4 * whole + 4;
  const half: u32 = 4 * whole + 2;
  const up = below != above ? above : middle > half || (middle == half && (whole & 1) != 0);
  digits = whole + (up ? 1 : 0);
  power = scale;
}

/** The upper 32 bits of the 96 that a product has; odd where what is cut off was not nothing. */
@inline
function product(ten: u64, value: u32): u32 {
  const low = (ten & 0xffffffff) * value;
  const high = (ten >> 32) * value + (low >> 32);
  return <u32>(high >> 32) | (<u32>high > 1 ? 1 : 0);
}

/** As JavaScript lays out a number: with an exponent below 10^-6 and from 10^21 on. Gives where the text ends. */
function writeDecimal(at: usize): usize {
  // An integer may end in zeros: they are no digits.
  while (digits % 10 == 0) {
    digits /= 10;
    power++;
  }
  const count = countDigits(digits);
  const point = count + power;
  if (point > 21 || point <= -6) return writeExponent(at, count, point - 1);
  if (point <= 0) {
    store<u8>(at++, ZERO);
    store<u8>(at++, POINT);
    for (let zeros = point; zeros < 0; zeros++) store<u8>(at++, ZERO);
    return writeDigits(at, digits, count);
  }
  if (power >= 0) {
    at = writeDigits(at, digits, count);
    for (let zeros = power; zeros > 0; zeros--) store<u8>(at++, ZERO);
    return at;
  }
  // One place to the right, then what is before the point one to the left of it.
  writeDigits(at + 1, digits, count);
  for (let place = 0; place < point; place++) store<u8>(at + place, load<u8>(at + place + 1));
  store<u8>(at + point, POINT);
  return at + count + 1;
}

function writeExponent(at: usize, count: i32, exponent: i32): usize {
  writeDigits(at + 1, digits, count);
  store<u8>(at, load<u8>(at + 1));
  if (count > 1) {
    store<u8>(at + 1, POINT);
    at += count + 1;
  } else at += 1;
  store<u8>(at++, LOWER_E);
  store<u8>(at++, exponent < 0 ? MINUS : PLUS);
  const size = <u32>abs(exponent);
  return writeDigits(at, size, size < 10 ? 1 : 2);
}

@inline
function countDigits(value: u32): i32 {
  if (value >= 100000) {
    if (value >= 10000000) return value >= 100000000 ? 9 : 8;
    return value >= 1000000 ? 7 : 6;
  }
  if (value >= 1000) return value >= 10000 ? 5 : 4;
  if (value >= 100) return 3;
  return value >= 10 ? 2 : 1;
}

function writeDigits(at: usize, value: u32, count: i32): usize {
  const end = at + count;
  for (let place = end; place > at; value /= 10) store<u8>(--place, <u8>(ZERO + <u8>(value % 10)));
  return end;
}

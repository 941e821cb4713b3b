/**
 * AssemblyScript, compiled to `../number-reader.wasm` by `npm run wasm:gen`: finds arrays of numbers in JSON and reads
 * them, eight digits at a time. JavaScript has no 64-bit integers that are fast, which is what both need.
 *
 * The host writes a block of the text to `INPUT` and calls `skipText` and `readNumbers` in turn. Nothing is kept between
 * calls but what they are given. What stands behind a block may be looked at, and is never believed: a number or space that
 * reaches the end of its block is not taken to have ended.
 */

/** Of the digits from `start` to `end`, as JavaScript reads a number. For the few that are too long or too extreme. */
@external("host", "parseNumber")
declare function parseNumber(start: usize, end: usize): f64;

/** The 128 most significant bits of powers of five, a pair of words each, the higher first, from 5^-64 to 5^64. */
export const POWERS_OF_FIVE: usize = 0;
export const MAX_POWER: i32 = 64;

/** 10^0 to 10^22, which doubles hold exactly. */
export const POWERS_OF_TEN: usize = 2064;
export const EXACT_POWER: i32 = 22;

/** Where a block of the text is put, and how long it may be. */
export const INPUT: usize = 4096;
export const BLOCK: usize = 65536;

/** Where the numbers of a call are left, one for every two characters at most. */
export const OUTPUT: usize = 69696;

/** How the last `readNumbers` ended: the block did, the array did, or it is not one of numbers that doubles hold. */
export const MORE: i32 = 0;
export const CLOSED: i32 = 1;
export const REJECTED: i32 = 2;
export let ending: i32 = MORE;

/** How many numbers the last `readNumbers` left at `OUTPUT`. */
export let count: i32 = 0;

/** Whether the last `skipText` ended within a string. */
export let quoted: bool = false;

const QUOTE: u8 = 0x22;
const MINUS: u8 = 0x2d;
const PLUS: u8 = 0x2b;
const COMMA: u8 = 0x2c;
const POINT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const BACKSLASH: u8 = 0x5c;
const OPENING: u8 = 0x5b;
const CLOSING: u8 = 0x5d;
const LOWER_E: u8 = 0x65;

/** 2^53: from here on doubles leave integers out. */
const MAX_MANTISSA: u64 = 0x20000000000000;

/** Most numbers of a call that are left to JavaScript: it reads arrays of such sooner by itself. */
const MAX_LEFT: i32 = 32;

/** Most decimal digits that always fit into 64 bits. */
const MAX_DIGITS: i32 = 19;

/**
 * Passes text from `at` on. Gives where the next array begins that may be one of numbers, its bracket; else where the
 * block ends, or one before, at a backslash whose other half is in the next.
 */
export function skipText(at: usize, end: usize, withinString: bool): usize {
  let inString = withinString;
  while (at < end) {
    // Eight characters at a time, while none of them matters.
    const chars = load<u64>(at);
    if (at + 8 <= end && !contains(chars, QUOTE) && !contains(chars, inString ? BACKSLASH : OPENING)) {
      at += 8;
      continue;
    }
    const char = <u8>chars;
    if (inString) {
      if (char == BACKSLASH) {
        if (at + 1 >= end) break;
        at++;
      } else if (char == QUOTE) inString = false;
    } else if (char == QUOTE) inString = true;
    else if (char == OPENING && mayBeNumbers(at + 1, end)) break;
    at++;
  }
  quoted = inString;
  return at;
}

/** Whether one of eight characters is `char`: a byte that is zero borrows from above when 1 is taken from it. */
@inline
function contains(chars: u64, char: u8): bool {
  const ones: u64 = 0x0101010101010101;
  const others = chars ^ (ones * <u64>char);
  return ((others - ones) & ~others & (ones << 7)) != 0;
}

function mayBeNumbers(at: usize, end: usize): bool {
  while (at < end && isSpace(load<u8>(at))) at++;
  const char = load<u8>(at);
  return at >= end || isDigit(char) || char == MINUS;
}

/**
 * Reads numbers, each with the comma or the bracket after it, from `at` on, which is within an array. Gives where it
 * ended: after the bracket, or where the first number begins that it has not read. `ending` says why, `count` how many
 * there are.
 */
export function readNumbers(at: usize, end: usize): usize {
  let output = OUTPUT;
  let unread = at;
  let left: i32 = 0;
  ending = MORE;
  while (true) {
    while (isSpace(load<u8>(at))) at++;
    const begin = at;
    const negative = load<u8>(at) == MINUS;
    if (negative) at++;

    const whole = at;
    let mantissa: u64 = 0;
    while (isDigit(load<u8>(at))) mantissa = mantissa * 10 + digitAt(at++);
    let digits = <i32>(at - whole);
    // An array has a number in it, and JSON knows no 01.
    if (digits == 0 || (digits > 1 && load<u8>(whole) == ZERO)) {
      if (at < end) ending = REJECTED;
      break;
    }

    let exponent: i32 = 0;
    let integer = true;
    if (load<u8>(at) == POINT) {
      integer = false;
      const fraction = ++at;
      while (areDigits(load<u64>(at))) {
        mantissa = mantissa * 100000000 + eightDigits(load<u64>(at));
        at += 8;
      }
      while (isDigit(load<u8>(at))) mantissa = mantissa * 10 + digitAt(at++);
      exponent = -(<i32>(at - fraction));
      if (exponent == 0) {
        if (at < end) ending = REJECTED;
        break;
      }
      digits -= exponent;
    }
    if ((load<u8>(at) | 0x20) == LOWER_E) {
      integer = false;
      at++;
      const down = load<u8>(at) == MINUS;
      if (down || load<u8>(at) == PLUS) at++;
      const first = at;
      let power: i32 = 0;
      while (isDigit(load<u8>(at))) {
        // Beyond what the digits of a block could make up for, it may stay as it is.
        if (power < 1000000) power = power * 10 + <i32>digitAt(at);
        at++;
      }
      if (at == first) {
        if (at < end) ending = REJECTED;
        break;
      }
      exponent += down ? -power : power;
    }

    const after = at;
    while (isSpace(load<u8>(at))) at++;
    if (at >= end) break;
    const char = load<u8>(at++);
    if (char != COMMA && char != CLOSING) {
      ending = REJECTED;
      break;
    }

    const long = digits > MAX_DIGITS && significantDigits(whole, digits) > MAX_DIGITS;
    const hard = long || exponent < -MAX_POWER || exponent > MAX_POWER;
    if (hard) left++;
    if ((integer && (long || mantissa >= MAX_MANTISSA)) || left > MAX_LEFT) {
      ending = REJECTED;
      break;
    }
    let value: f64;
    if (hard) value = parseNumber(begin, after);
    else {
      value = scaled(mantissa, exponent);
      if (negative) value = -value;
    }
    store<f64>(output, value);
    output += 8;
    unread = at;
    if (char == CLOSING) {
      ending = CLOSED;
      break;
    }
  }
  count = <i32>((output - OUTPUT) >> 3);
  return unread;
}

@inline
function isSpace(char: u8): bool {
  return char == 0x20 || char == 0x0a || char == 0x0d || char == 0x09;
}

@inline
function isDigit(char: u8): bool {
  return <u8>(char - ZERO) <= 9;
}

@inline
function digitAt(at: usize): u64 {
  return <u64>load<u8>(at) - ZERO;
}

/** Whether all eight characters are digits: the upper halves are all 3, also when 6 is added to the lower ones. */
@inline
function areDigits(chars: u64): bool {
  const upper: u64 = 0xf0f0f0f0f0f0f0f0;
  return ((chars & upper) | (((chars + 0x0606060606060606) & upper) >> 4)) == 0x3333333333333333;
}

/** The number that eight digits make: pairs, then pairs of pairs, side by side in one word. */
@inline
function eightDigits(chars: u64): u64 {
  const ones = chars - 0x3030303030303030;
  const pairs = ones * 10 + (ones >> 8);
  const mask: u64 = 0x000000ff000000ff;
  const upper = (pairs & mask) * 0x000f424000000064;
  const lower = ((pairs >> 16) & mask) * 0x0000271000000001;
  return (upper + lower) >> 32;
}

/** Of `digits` digits, with at most a point between them, without the zeros in front. */
function significantDigits(at: usize, digits: i32): i32 {
  let char = load<u8>(at);
  while (char == ZERO || char == POINT) {
    if (char == ZERO) digits--;
    char = load<u8>(++at);
  }
  return digits;
}

/** The double nearest to `mantissa` * 10^`exponent`, which is at most `MAX_POWER` either way. */
@inline
function scaled(mantissa: u64, exponent: i32): f64 {
  if (mantissa <= MAX_MANTISSA && exponent >= -EXACT_POWER && exponent <= EXACT_POWER) {
    // Both are exact, so that the one operation rounds correctly (Clinger 1990).
    return exponent < 0
      ? <f64>mantissa / load<f64>(POWERS_OF_TEN + (<usize>-exponent << 3))
      : <f64>mantissa * load<f64>(POWERS_OF_TEN + (<usize>exponent << 3));
  }
  return mantissa == 0 ? 0 : nearest(mantissa, exponent);
}

/**
 * As `scaled`, by the product with 128 bits of the power of five: Lemire, "Number parsing at a gigabyte per second"
 * (2021); that no other way is needed where it is unsure: Mushtak and Lemire (2023). Never subnormal and never infinite,
 * because the exponent is small.
 */
function nearest(mantissa: u64, exponent: i32): f64 {
  const zeros = clz(mantissa);
  const shifted = mantissa << zeros;
  const power = POWERS_OF_FIVE + (<usize>(exponent + MAX_POWER) << 4);
  let low = shifted * load<u64>(power);
  let high = upperHalf(shifted, load<u64>(power));
  if ((high & 0x1ff) == 0x1ff) {
    const more = upperHalf(shifted, load<u64>(power, 8));
    low += more;
    if (more > low) high++;
  }
  const top = high >> 63;
  const shift = top + 9;
  let bits = high >> shift;
  let binary = ((217706 * exponent) >> 16) + 63 + <i32>top - <i32>zeros + 1023;
  // Halfway between two doubles: to the even one.
  if (low <= 1 && exponent >= -4 && exponent <= 23 && (bits & 3) == 1 && bits << shift == high) bits &= ~(<u64>1);
  bits = (bits + (bits & 1)) >> 1;
  if (bits >= <u64>1 << 53) {
    bits >>= 1;
    binary++;
  }
  return reinterpret<f64>((bits & ~(<u64>1 << 52)) | (<u64>binary << 52));
}

/** Of the product of two words. */
@inline
function upperHalf(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const first = aLow * bHigh;
  const second = aHigh * bLow;
  const carry = ((aLow * bLow) >> 32) + (first & 0xffffffff) + (second & 0xffffffff);
  return aHigh * bHigh + (first >> 32) + (second >> 32) + (carry >> 32);
}

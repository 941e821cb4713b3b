import { NumberReader } from './number-reader.ts';

/** Fewest numbers for which an array is worth taking out of the text; of floats 64 would do, of integers hardly 500. */
const LEAST = 256;

/** Arrays that are looked at in vain, shapes among them, and one more for so many numbers found, before it is given up. */
const VAIN = 4;
const NUMBERS_PER_VAIN = 64;

const OPENING = 0x5b;

/** Where it stands in the text, its brackets included, and what is in it. */
export interface NumberArray {
  readonly start: number;
  readonly end: number;
  readonly numbers: Float64Array;
}

/**
 * The long arrays of numbers in a JSON text, in its order, with the numbers that JSON.parse gives. An array with anything
 * else in it, or with an integer that a double may not hold, is none of them; nor is any behind so many short ones that
 * looking takes longer than it saves. Whether the rest is JSON is for others to find out.
 */
export function findNumberArrays(text: Uint8Array): NumberArray[] {
  return new Search(text).run();
}

let shared: NumberReader | undefined;

class Search {
  readonly #text: Uint8Array;
  readonly #reader: NumberReader;
  readonly #found: { start: number; end: number; first: number; count: number }[] = [];
  /** Of one array after the other. */
  #numbers = new Float64Array();
  #count = 0;
  #vain = 0;
  #withinString = false;
  /** Where the array began that is being read, and which number was its first. */
  #start: number | undefined;
  #first = 0;

  constructor(text: Uint8Array) {
    this.#text = text;
    shared ??= new NumberReader();
    this.#reader = shared;
  }

  run(): NumberArray[] {
    for (let at = 0, before = -1; at !== before && at < this.#text.byteLength && this.#isWorthIt(); ) {
      before = at;
      at = this.#readBlock(at);
    }
    return this.#found.map(({ start, end, first, count }) => {
      return { start, end, numbers: this.#numbers.subarray(first, first + count) };
    });
  }

  /** Gives where the next block begins: mostly behind this one. */
  #readBlock(base: number): number {
    const reader = this.#reader;
    reader.fill(this.#text.subarray(base));
    let at = 0;
    while (this.#isWorthIt()) {
      if (this.#start === undefined) {
        at = reader.skipText(at, this.#withinString);
        this.#withinString = reader.withinString;
        if (this.#text[base + at] !== OPENING || at === reader.length) break;
        this.#start = base + at;
        this.#first = this.#count;
        at += 1;
      }
      at = reader.readNumbers(at);
      this.#keep(reader.numbers);
      const { ending } = reader;
      // What makes no way in a whole block is no number.
      if (ending === 'more' && (at > 0 || reader.length < reader.capacity)) break;
      if (ending === 'closed') {
        this.#close(this.#start, base + at);
      } else {
        this.#forget();
        at = this.#start + 1 - base;
      }
      this.#start = undefined;
      if (at < 0) break;
    }
    return base + at;
  }

  #keep(numbers: Float64Array): void {
    const count = this.#count + numbers.length;
    if (count > this.#numbers.length) {
      // Where there are many, a number and its comma have about sixteen characters.
      const rest = count > LEAST ? Math.ceil(this.#text.byteLength / 16) : LEAST;
      const larger = new Float64Array(Math.max(count, rest, 2 * this.#numbers.length));
      larger.set(this.#numbers.subarray(0, this.#count));
      this.#numbers = larger;
    }
    this.#numbers.set(numbers, this.#count);
    this.#count = count;
  }

  #close(start: number, end: number): void {
    const first = this.#first;
    const count = this.#count - first;
    if (count >= LEAST) this.#found.push({ start, end, first, count });
    else this.#forget();
  }

  /** What has been read of an array that is none of those that are looked for. */
  #forget(): void {
    this.#count = this.#first;
    this.#vain += 1;
  }

  #isWorthIt(): boolean {
    return this.#vain <= VAIN + this.#count / NUMBERS_PER_VAIN;
  }
}

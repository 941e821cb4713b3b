import { type Global, instantiate, type ModuleExports } from './instantiate.ts';
import { powerOfFive } from './powers.ts';

/** What `assembly/number-reader.ts` exports, which says what each is. */
interface Exports extends ModuleExports {
  readonly POWERS_OF_FIVE: Global;
  readonly MAX_POWER: Global;
  readonly POWERS_OF_TEN: Global;
  readonly EXACT_POWER: Global;
  readonly INPUT: Global;
  readonly BLOCK: Global;
  readonly OUTPUT: Global;
  readonly MORE: Global;
  readonly CLOSED: Global;
  readonly ending: Global;
  readonly count: Global;
  readonly quoted: Global<0 | 1>;
  skipText(at: number, end: number, withinString: 0 | 1): number;
  readNumbers(at: number, end: number): number;
}

/** Why the reading of an array has ended: the block has, the array has, or it is not one of numbers that doubles hold. */
type Ending = 'more' | 'closed' | 'rejected';

/** Reads JSON block by block. Positions count from the start of the block. */
export class NumberReader {
  readonly #exports: Exports;
  readonly #bytes: Uint8Array;
  readonly #output: Float64Array;
  readonly #input: number;
  /** Most bytes of a block. */
  readonly capacity: number;
  /** Bytes of the block. */
  length = 0;

  constructor() {
    this.#exports = instantiate<Exports>('number-reader', {
      parseNumber: (start: number, end: number): number =>
        Number(Buffer.from(this.#bytes.buffer, start, end - start).toString('latin1')),
    });
    const { memory, INPUT, BLOCK, OUTPUT } = this.#exports;
    this.capacity = BLOCK.value;
    this.#input = INPUT.value;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#output = new Float64Array(memory.buffer, OUTPUT.value, BLOCK.value / 2);
    writePowers(this.#exports);
  }

  /** Begins a block with as many of the bytes as it holds. */
  fill(bytes: Uint8Array): void {
    this.length = Math.min(bytes.byteLength, this.capacity);
    this.#bytes.set(bytes.subarray(0, this.length), this.#input);
  }

  /** Whether the last `skipText` has ended within a string. */
  get withinString(): boolean {
    return this.#exports.quoted.value !== 0;
  }

  /** Why the last `readNumbers` has ended. */
  get ending(): Ending {
    const { ending, MORE, CLOSED } = this.#exports;
    if (ending.value === MORE.value) return 'more';
    return ending.value === CLOSED.value ? 'closed' : 'rejected';
  }

  /** What the last `readNumbers` has read. Good until the next. */
  get numbers(): Float64Array {
    return this.#output.subarray(0, this.#exports.count.value);
  }

  /** Gives the bracket of the next array that may be one of numbers; where there is none, the end of what is text. */
  skipText(at: number, withinString: boolean): number {
    const { skipText } = this.#exports;
    return skipText(this.#input + at, this.#input + this.length, withinString ? 1 : 0) - this.#input;
  }

  /** From within an array. Gives where its end or its first unread number is. */
  readNumbers(at: number): number {
    return this.#exports.readNumbers(this.#input + at, this.#input + this.length) - this.#input;
  }
}

function writePowers(exports: Exports): void {
  const { memory, POWERS_OF_FIVE, MAX_POWER, POWERS_OF_TEN, EXACT_POWER } = exports;
  const view = new DataView(memory.buffer);
  for (let power = -MAX_POWER.value; power <= MAX_POWER.value; power++) {
    const at = POWERS_OF_FIVE.value + (power + MAX_POWER.value) * 16;
    const [high, low] = powerOfFive(power);
    view.setBigUint64(at, high, true);
    view.setBigUint64(at + 8, low, true);
  }
  for (let power = 0; power <= EXACT_POWER.value; power++) {
    view.setFloat64(POWERS_OF_TEN.value + power * 8, 10 ** power, true);
  }
}

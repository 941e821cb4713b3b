import { type Global, instantiate, type ModuleExports } from './instantiate.ts';
import { powerOfTen } from './powers.ts';

/** What `assembly/number-writer.ts` exports, which says what each is. */
interface Exports extends ModuleExports {
  readonly POWERS_OF_TEN: Global;
  readonly MIN_POWER: Global;
  readonly MAX_POWER: Global;
  readonly INPUT: Global;
  readonly BLOCK: Global;
  readonly OUTPUT: Global;
  writeFloats(count: number): number;
}

/** Writes floats as JSON, block by block. */
export class NumberWriter {
  readonly #exports: Exports;
  readonly #input: Float32Array;
  readonly #output: Buffer;

  constructor() {
    this.#exports = instantiate<Exports>('number-writer');
    const { memory, INPUT, BLOCK, OUTPUT } = this.#exports;
    this.#input = new Float32Array(memory.buffer, INPUT.value, BLOCK.value);
    this.#output = Buffer.from(memory.buffer, OUTPUT.value);
    writePowers(this.#exports);
  }

  /**
   * The numbers with commas between them, each with the fewest digits that are read back as the same float. Gives the index
   * of the first that is not finite where there is one: JSON has no form for it.
   */
  write(values: Float32Array | Float16Array): string | number {
    const { length: block } = this.#input;
    let text = '';
    for (let start = 0; start < values.length; start += block) {
      const count = Math.min(block, values.length - start);
      this.#input.set(count === values.length ? values : values.subarray(start, start + count));
      const length = this.#exports.writeFloats(count);
      if (length < 0) return start + count + length;
      if (start > 0) text += ',';
      text += this.#output.toString('latin1', 0, length);
    }
    return text;
  }
}

function writePowers({ memory, POWERS_OF_TEN, MIN_POWER, MAX_POWER }: Exports): void {
  const view = new DataView(memory.buffer, POWERS_OF_TEN.value);
  for (let power = MIN_POWER.value; power <= MAX_POWER.value; power++) {
    view.setBigUint64((power - MIN_POWER.value) * 8, powerOfTen(power), true);
  }
}

const SMOOTHING = 0.1;
/** Measurements before a cell is believed. */
const ENOUGH = 3;
/** A cell differs from the fit by more than this share, or the fit is used. */
const TOLERANCE = 0.15;
const MOST_CELLS = 4096;

/** Lengths are told apart in steps of 8. */
const keyOf = (rows: number, length: number): number => rows * 65_536 + ((length + 7) >> 3);

interface Cell {
  ratio: number;
  count: number;
}

/** Sizes that cost something else than the fit says (hardware works in steps): the mean ratio of each. */
export class CellCorrections {
  readonly #cells = new Map<number, Cell>();

  /** What to multiply the fit with. */
  factor(rows: number, length: number): number {
    const cell = this.#cells.get(keyOf(rows, length));
    if (cell === undefined || cell.count < ENOUGH || Math.abs(cell.ratio - 1) <= TOLERANCE) return 1;
    return cell.ratio;
  }

  /** Brings every cell nearer to the fit: `kept` of the difference stays. */
  fade(kept: number): void {
    for (const cell of this.#cells.values()) cell.ratio = 1 + kept * (cell.ratio - 1);
  }

  /** @param ratio measured latency over that of the fit */
  observe(rows: number, length: number, ratio: number): void {
    const key = keyOf(rows, length);
    const cell = this.#cells.get(key);
    if (cell === undefined) {
      if (this.#cells.size < MOST_CELLS) this.#cells.set(key, { ratio, count: 1 });
      return;
    }
    cell.count += 1;
    cell.ratio += Math.max(SMOOTHING, 1 / cell.count) * (ratio - cell.ratio);
  }
}

/** The most that what was measured of a size counts for, in batches. */
const MOST_EVIDENCE = 10;
/** How much of it is needed for the size to be believed to differ. */
const ENOUGH = 4;
/** A cell differs from the fit by more than this share, or the fit is used. */
const TOLERANCE = 0.15;
/** What is kept of the evidence once another size has run: some have hundreds of sizes in use. */
const KEPT = 0.999;
const MOST_CELLS = 4096;

/** Lengths are told apart in steps of 8. */
const keyOf = (rows: number, length: number): number => rows * 65_536 + ((length + 7) >> 3);

interface Cell {
  ratio: number;
  /** What the ratio rests on, in batches, as of `at`. */
  evidence: number;
  /** When it was last measured, in batches of all sizes. */
  at: number;
}

/**
 * Sizes that cost something else than the fit says (hardware works in steps): the mean ratio of each. Evidence fades
 * with every batch of another size: one that was measured in a bad moment, and is avoided since, would never be seen to
 * be better.
 */
export class CellCorrections {
  readonly #cells = new Map<number, Cell>();
  #batches = 0;

  /** What to multiply the fit with. */
  factor(rows: number, length: number): number {
    const cell = this.#cells.get(keyOf(rows, length));
    if (cell === undefined || cell.evidence < ENOUGH || Math.abs(cell.ratio - 1) <= TOLERANCE) return 1;
    return this.#evidenceOf(cell) < ENOUGH ? 1 : cell.ratio;
  }

  /** So many batches have run elsewhere. */
  passed(batches: number): void {
    this.#batches += batches;
  }

  /** @param ratio measured latency over that of the fit */
  observe(rows: number, length: number, ratio: number): void {
    this.#batches += 1;
    const key = keyOf(rows, length);
    const cell = this.#cells.get(key);
    if (cell === undefined) {
      if (this.#cells.size < MOST_CELLS) this.#cells.set(key, { ratio, evidence: 1, at: this.#batches });
      return;
    }
    cell.evidence = Math.min(this.#evidenceOf(cell) + 1, MOST_EVIDENCE);
    cell.ratio += (ratio - cell.ratio) / cell.evidence;
    cell.at = this.#batches;
  }

  #evidenceOf({ evidence, at }: Cell): number {
    return evidence * KEPT ** (this.#batches - at);
  }
}

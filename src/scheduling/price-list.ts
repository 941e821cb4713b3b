import { paddedLength } from './entry.ts';
import { allows, type Lane, LEAST_GAIN, withinBudget } from './lane.ts';

/** Milliseconds after which prices are looked up again in what the lanes have learned. */
const FRESH_MS = 25;
const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];
/** A smaller batch is efficient too when it does this share of the best throughput. */
const NEARLY = 0.97;

/** What an entry of some length costs on the cheapest lane that may answer it. Milliseconds. */
export interface Price {
  readonly lane: Lane;
  /** Of the whole node, for each row of an efficient batch. */
  readonly unit: number;
  /** Slots' worth of that lane's work that the node does at once. */
  readonly slots: number;
  /** Rows of the efficient batch. */
  readonly efficient: number;
  /** Bound of so many rows that run alone, on the allowed lane that is fastest at that. */
  alone(rows: number): number;
  /** Bound of a batch of at least so many rows, the efficient one at most. */
  tail(rows: number): number;
  /** The largest batch, the efficient one at most, whose bound is within so many milliseconds; else one row. */
  within(time: number): PricedBatch;
}

/** Rows, their bound in milliseconds, and what each of them costs the whole node in such a batch. */
export interface PricedBatch {
  readonly rows: number;
  readonly tail: number;
  readonly unit: number;
}

/** Prices by allowed lanes and padded length, kept for a moment: models change with every batch, prices little. */
export class PriceList {
  readonly #lanes: readonly Lane[];
  readonly #slots: () => number;
  readonly #effective: () => number;
  readonly #available: (now: number) => number;
  readonly #prices = new Map<number, Price>();
  #madeAt = -Infinity;

  /**
   * @param slots batches that may run at once
   * @param effective slots' worth of work that all slots do together
   * @param available slots of the node that these lanes can count on, with a core each
   */
  constructor(
    lanes: readonly Lane[],
    slots: () => number,
    effective: () => number,
    available: (now: number) => number,
  ) {
    this.#lanes = lanes;
    this.#slots = slots;
    this.#effective = effective;
    this.#available = available;
  }

  of(allowed: number, length: number, now: number): Price {
    if (now - this.#madeAt > FRESH_MS) {
      this.#prices.clear();
      this.#madeAt = now;
    }
    const padded = paddedLength(length);
    const key = padded * 0x1_0000_0000 + (allowed >>> 0);
    let price = this.#prices.get(key);
    if (price === undefined) {
      price = this.#make(allowed, padded, now);
      this.#prices.set(key, price);
    }
    return price;
  }

  /** Asks the lanes again at the next look-up. */
  expire(): void {
    this.#madeAt = -Infinity;
  }

  #make(allowed: number, length: number, now: number): Price {
    const allowedLanes = this.#lanes.filter((lane) => allows(allowed, lane));
    const options = allowedLanes.map((lane) => ({ lane, ...efficientBatch(lane, length) }));
    options.sort((a, b) => a.each - b.each);
    const [cheapest] = options;
    if (cheapest === undefined) throw new RangeError('an entry must be allowed on a lane');
    const { lane, rows, each } = cheapest;
    const busy = this.#slots();
    const slots = this.#effective() * (equivalentSlots(options, this.#available(now)) / busy);
    const sizes = SIZES.filter((size) => size < rows);
    sizes.push(rows);
    const tails = sizes.map((size) => lane.cost.bound(size, length, busy));
    return {
      lane,
      unit: each / slots,
      slots,
      efficient: rows,
      alone: (count) =>
        allowedLanes.reduce((least, { cost }) => Math.min(least, cost.bound(count, length)), Infinity),
      tail: (wanted) => {
        for (let i = 0; i < sizes.length; i++) if ((sizes[i] as number) >= wanted) return tails[i] as number;
        return tails[tails.length - 1] as number;
      },
      within: (time) => {
        let largest = 0;
        for (let i = 1; i < sizes.length; i++) if ((tails[i] as number) <= time) largest = i;
        const size = sizes[largest] as number;
        return {
          rows: size,
          tail: tails[largest] as number,
          unit: lane.cost.predict(size, length) / size / slots,
        };
      },
    };
  }
}

/**
 * Slots of the cheapest lane that would do as much as `slots` do: it has no more of them than it can run batches at once,
 * and dearer lanes do less in the others.
 * @param options the cheapest first; `each` is what a row costs, milliseconds
 */
function equivalentSlots(
  options: readonly { readonly lane: Lane; readonly each: number }[],
  slots: number,
): number {
  const least = options[0]?.each ?? 0;
  let left = slots;
  let equivalent = 0;
  for (const { lane, each } of options) {
    const { concurrency = Infinity, cores = 1 } = lane;
    const used = Math.min(left / cores, concurrency);
    equivalent += each > least ? used * (least / each) : used;
    left -= used * cores;
  }
  return equivalent;
}

/** The smallest batch that does nearly the best throughput; one row where batching does not pay. */
function efficientBatch(lane: Lane, length: number): { rows: number; each: number } {
  const alone = lane.cost.predict(1, length);
  const options = [{ rows: 1, each: alone }];
  for (const rows of sizesOf(lane.maxBatchSize)) {
    if (rows === 1 || !withinBudget(lane, rows, length)) continue;
    const each = lane.cost.predict(rows, length) / rows;
    if (each <= alone * (1 - LEAST_GAIN)) options.push({ rows, each });
  }
  const least = Math.min(...options.map(({ each }) => each));
  return options.find(({ each }) => each <= least / NEARLY) ?? { rows: 1, each: alone };
}

const sizesOf = (most: number): number[] => [...SIZES.filter((size) => size < most), Math.max(most, 1)];

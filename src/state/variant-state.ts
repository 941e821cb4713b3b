import type { CostModel, CostProfile } from '../scheduling/cost-model.ts';
import type { StateFolder } from './state-folder.ts';
import type { Learned, VariantKey, VariantVerdict } from './variant-record.ts';

/** Milliseconds between two writes of a variant that is being used. */
const KEEP_EVERY = 60_000;

/** Days after which what was learned about the cost counts for half, and after which it is forgotten. */
const HALF_LIFE = 7;
const FORGOTTEN = 30;
const DAY = 86_400_000;

/** Batches from which enough is learned to write it down. */
const WORTH_KEEPING = 20;

/** What an earlier process knew of a variant. */
export interface Known {
  readonly verdict: VariantVerdict;
  readonly profile?: CostMemory;
}

/** What it had learned of the cost, and how much of that still counts, 0 to 1. */
export interface CostMemory {
  readonly cost: CostProfile;
  readonly share: number;
}

/** What is known under the key, aged. */
export async function recall(folder: StateFolder, key: VariantKey): Promise<Known | undefined> {
  const record = await folder.read(key);
  if (record === undefined) return undefined;
  const { verdict, profile, learnedAt } = record;
  const days = Math.max(0, folder.now() - learnedAt) / DAY;
  if (profile === undefined || days > FORGOTTEN) return { verdict };
  return { verdict, profile: { cost: profile, share: 0.5 ** (days / HALF_LIFE) } };
}

export interface Keeping {
  readonly folder: StateFolder;
  readonly key: VariantKey;
  readonly verdict: VariantVerdict;
  readonly cost: CostModel;
  /** Whether all of it that was known before is in the folder: then nothing is written before more is learned. */
  readonly known: boolean;
}

/**
 * Writes what is learned about a variant: at once where nothing is known, every minute in which something was
 * learned, and at the end.
 */
export class VariantKeeper {
  readonly #keeping: Keeping;
  readonly #timer: NodeJS.Timeout;
  /** Batches observed from which on it is written again. */
  #due: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
    this.#due = keeping.known ? WORTH_KEEPING : 0;
    this.#timer = setInterval(() => this.#keep(), KEEP_EVERY);
    this.#timer.unref();
    this.#keep();
  }

  /** Settles when everything is written. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#keep();
    return this.#writing;
  }

  #keep(): void {
    const { folder, key, verdict, cost } = this.#keeping;
    if (cost.observations < this.#due) return;
    this.#due = cost.observations + WORTH_KEEPING;
    const learned = { learnedAt: folder.now(), verdict, ...profileOf(cost) };
    this.#writing = this.#writing.then(() => folder.write(key, learned));
  }
}

/**
 * Nothing where little was learned: the sweep of a start, when everything loads at once, is worth no more than that of
 * the next.
 */
function profileOf(cost: CostModel): Pick<Learned, 'profile'> {
  const { coefficients, inflation, observations } = cost.export();
  if (observations < WORTH_KEEPING) return {};
  return { profile: { coefficients: [...coefficients], inflation, observations } };
}

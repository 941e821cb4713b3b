import type { CostModel } from './cost-model.ts';

/** Lanes of a version at most: a mask has a bit for each, and numbers have as many for bitwise operators. */
export const MOST_LANES = 32;

/** One variant as the scheduler sees it. */
export interface Lane {
  /** Place among the lanes of its version: bit `index` of a mask stands for it. */
  readonly index: number;
  readonly variant: string;
  /** Share of right answers, 0 to 1. */
  readonly accuracy: number;
  readonly cost: CostModel;
  /** Rows. */
  readonly maxBatchSize: number;
  /** Rows times padded length; Infinity for no bound. */
  readonly maxTokens: number;
  /** Batches that may start right now. */
  readonly freeSlots: number;
  /** Batches that its workers and their cores can run at once; as many as there are slots where left out. */
  readonly concurrency?: number;
  /** Cores that one of its batches takes; one where left out. */
  readonly cores?: number;
  /** Instances that run nothing; as many as there are free slots where left out. */
  readonly idle?: number;
  /** Batches that workers may be handed while they are busy, to follow the ones they run; none where left out. */
  readonly slotsAhead?: number;
}

export const allows = (mask: number, { index }: Lane): boolean => (mask & (1 << index)) !== 0;

/** The mask of the lanes that are at least as accurate as `floor`; 0 when none is. */
export const atLeast = (lanes: readonly Lane[], floor: number): number =>
  lanes.reduce((mask, { accuracy, index }) => (accuracy >= floor ? mask | (1 << index) : mask), 0);

/** Of so many slots, those that the lanes can fill together. */
export function fillable(lanes: readonly Lane[], slots: number): number {
  let sum = 0;
  for (const { concurrency = Infinity } of lanes) {
    sum += concurrency;
    if (sum >= slots) return slots;
  }
  return sum;
}

/** A batch of this many rows and this padded length is within the lane's bounds; a single entry always is. */
export const withinBudget = (lane: Lane, rows: number, length: number): boolean =>
  rows <= lane.maxBatchSize && rows * length <= lane.maxTokens;

/** The smallest gain that counts: a batch that saves less than this share of its parts does not pay. */
export const LEAST_GAIN = 0.02;

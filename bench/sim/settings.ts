import type { Process } from './arrivals.ts';
import type { Random } from './random.ts';
import type { Node } from './simulate.ts';
import type { TrueVariant } from './workload.ts';

const linear = (name: string, accuracy: number, fixed: number, perRow: number): TrueVariant => ({
  name,
  accuracy,
  latency: (rows) => fixed + perRow * rows,
});

export const MAX_BATCH_SIZE = 16;

/** Two slots, and three variants that trade accuracy for time. Latencies spread by 3 %. */
export const FAMILY: Node = {
  slots: 2,
  noise: 0.03,
  variants: [linear('best', 0.95, 9, 4), linear('mid', 0.92, 6, 2), linear('fast', 0.87, 4, 1)],
};

/** One variant that batches well: 9 + b milliseconds. */
export const SINGLE: Node = { slots: 1, noise: 0.03, variants: [linear('only', 0.9, 9, 1)] };

/** One sequence model: 1.5 + b s / 20 + b s^2 / 10 000 milliseconds. */
export const SEQUENCE: Node = {
  slots: 2,
  noise: 0.03,
  variants: [
    {
      name: 'only',
      accuracy: 0.9,
      latency: (rows, length) => 1.5 + rows * length * (0.05 + 0.0001 * length),
    },
  ],
};

/** Rows per millisecond of a node that runs nothing but full batches of one variant. */
export const capacity = ({ variants, slots }: Node, variant = variants.length - 1, length = 1): number =>
  (slots * MAX_BATCH_SIZE) / (variants[variant]?.latency(MAX_BATCH_SIZE, length) ?? Infinity);

/** A fifth must be answered in 60 ms, three fifths in 120, a fifth in 300. */
export const mixedSlack = (random: Random): number => {
  const dice = random.next();
  if (dice < 0.2) return 60;
  return dice < 0.8 ? 120 : 300;
};

/** Log-normal around 30, from 8 to 128. */
export const mixedLength = (random: Random): number => {
  const length = Math.exp(Math.log(30) + 0.7 * random.normal());
  return Math.round(Math.min(Math.max(length, 8), 128));
};

export const PROCESSES: readonly Process[] = [
  { kind: 'poisson' },
  { kind: 'gamma', cv: 2 },
  { kind: 'gamma', cv: 4 },
  { kind: 'gamma', cv: 8 },
  { kind: 'bursts', ratio: 5, high: 1000, low: 4000 },
];

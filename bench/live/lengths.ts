import { drawLength, type Lengths } from '../inputs/lengths.ts';
import { uniform } from '../statistics/random.ts';

const LEAST = 8;
const MOST = 128;

/** Log-normal around 30, from 8 to 128 tokens, as in the simulator. */
export function mixedLengths(): Lengths {
  const random = uniform(3);
  const drawn = { kind: 'lognormal', median: 30, sigma: 0.7, most: MOST } as const;
  return {
    kind: 'listed',
    lengths: Array.from({ length: 256 }, () => Math.max(LEAST, drawLength(drawn, random))),
  };
}

/** Everything padded by the client to the longest. */
export const LONGEST: Lengths = { kind: 'fixed', length: MOST };

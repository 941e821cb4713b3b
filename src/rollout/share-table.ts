import { hash } from 'node:crypto';

/** The keys of an arm: those whose position is in [from, to). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Bytes of the hash that become the position: as many as a double holds exactly. */
const BYTES = 6;

/** Where a key lies in [0, 1): evenly spread, and the same for the same salt and key on every server. */
export function positionOf(salt: string, key: string): number {
  const digest = hash('sha256', `${salt}\n${key}`, 'buffer');
  return digest.readUIntBE(0, BYTES) / 2 ** (8 * BYTES);
}

/**
 * The spans of arms with these shares, in their order. They stack up from both ends in turn, so that one or two arms
 * grow at the baseline's cost alone, and what they cover only ever grows with them: no key goes back to the baseline.
 */
export function spansOf(shares: readonly number[]): Span[] {
  let low = 0;
  let high = 1;
  return shares.map((share, index) => {
    if (index % 2 === 0) {
      const from = low;
      low += share;
      return { from, to: low };
    }
    const to = high;
    high -= share;
    return { from: high, to };
  });
}

export const within = ({ from, to }: Span, position: number): boolean => position >= from && position < to;

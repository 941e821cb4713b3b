import { describe, expect, it } from 'vitest';
import { positionOf, spansOf, within } from '../../../src/rollout/share-table.ts';

const KEYS = Array.from({ length: 20_000 }, (_, index) => `client-${index}`);

/** Index of the arm of a key; -1 for the baseline. */
const armOf = (shares: readonly number[], key: string, salt = 'intent'): number =>
  spansOf(shares).findIndex((span) => within(span, positionOf(salt, key)));

describe('shares of the keys', () => {
  it.each([[[0.2]], [[0.05, 0.5]], [[0.1, 0.2, 0.3]], [[0.5, 0.5]], [[1]]])(
    'of %j come out as asked',
    (shares) => {
      for (const [arm, share] of shares.entries()) {
        const taken = KEYS.filter((key) => armOf(shares, key) === arm).length / KEYS.length;
        const deviation = Math.sqrt((share * (1 - share)) / KEYS.length);
        expect(Math.abs(taken - share)).toBeLessThanOrEqual(5 * deviation);
      }
    },
  );

  it('keep a key where it is, on every server and in every run', () => {
    expect(positionOf('intent', 'alice')).toBe(0.7857844933906435);
    expect(positionOf('intent', 'alice')).not.toBe(positionOf('other', 'alice'));
  });

  it.each([
    [[0.1], [0.3]],
    [
      [0.1, 0.2],
      [0.4, 0.2],
    ],
    [
      [0.1, 0.2],
      [0.1, 0.6],
    ],
    [
      [0.1, 0.2, 0.1],
      [0.3, 0.4, 0.2],
    ],
    [[0.2], [0.2, 0.5]],
  ])('that grow from %j to %j send no key back to the baseline', (before, after) => {
    const back = KEYS.filter((key) => armOf(before, key) >= 0 && armOf(after, key) < 0);
    expect(back).toEqual([]);
  });

  it.each([
    [
      [0.1, 0.2],
      [0.4, 0.2],
    ],
    [
      [0.1, 0.2],
      [0.1, 0.6],
    ],
  ])('of two canaries that grow from %j to %j take from the baseline alone', (before, after) => {
    const moved = KEYS.filter((key) => armOf(before, key) >= 0 && armOf(before, key) !== armOf(after, key));
    expect(moved).toEqual([]);
  });

  it('of one span never take a key of another, whatever the key', () => {
    for (const key of ['', '\u0000', 'ä'.repeat(5000), '\ud800', '127.0.0.1']) {
      const position = positionOf('salt', key);
      expect(position).toBeGreaterThanOrEqual(0);
      expect(position).toBeLessThan(1);
      expect(spansOf([0.3, 0.3, 0.4]).filter((span) => within(span, position)).length).toBeLessThanOrEqual(1);
    }
  });
});

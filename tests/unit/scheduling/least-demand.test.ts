import { expect, test } from 'vitest';
import { LeastDemand } from '../../../src/scheduling/least-demand.ts';

const ANY = undefined;

test('the smallest rows and length of the last second count, whichever request had them', () => {
  const least = new LeastDemand();
  expect(least.of(ANY, 0)).toEqual({ rows: 1, length: 1 });
  least.add({ rows: 8, length: 16, bodyBytes: ANY }, 0);
  least.add({ rows: 4, length: 64, bodyBytes: 2000 }, 1);
  expect(least.of(ANY, 2)).toEqual({ rows: 4, length: 16 });
});

test('what was asked more than two seconds ago is forgotten', () => {
  const least = new LeastDemand();
  least.add({ rows: 1, length: 8, bodyBytes: ANY }, 0);
  least.add({ rows: 5, length: 32, bodyBytes: ANY }, 1500);
  expect(least.of(ANY, 1500)).toEqual({ rows: 1, length: 8 });
  least.add({ rows: 6, length: 40, bodyBytes: ANY }, 2600);
  expect(least.of(ANY, 2600)).toEqual({ rows: 5, length: 32 });
  least.add({ rows: 7, length: 48, bodyBytes: ANY }, 9000);
  expect(least.of(ANY, 9000)).toEqual({ rows: 7, length: 48 });
  expect(least.of(ANY, 11_000)).toEqual({ rows: 1, length: 1 });
});

test('a body is told by those of about its bytes, and by all where none of these came lately', () => {
  const least = new LeastDemand();
  least.add({ rows: 8, length: 128, bodyBytes: 16_500 }, 0);
  least.add({ rows: 8, length: 8, bodyBytes: 1100 }, 0);
  expect(least.of(17_000, 1)).toEqual({ rows: 8, length: 128 });
  expect(least.of(1200, 1)).toEqual({ rows: 8, length: 8 });
  expect(least.of(4000, 1)).toEqual({ rows: 8, length: 8 });
  least.add({ rows: 2, length: 64, bodyBytes: 1100 }, 2500);
  expect(least.of(17_000, 2500)).toEqual({ rows: 2, length: 64 });
});

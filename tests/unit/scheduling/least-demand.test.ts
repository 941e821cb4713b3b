import { expect, test } from 'vitest';
import { LeastDemand } from '../../../src/scheduling/least-demand.ts';

test('the smallest rows and length of the last second count, whichever request had them', () => {
  const least = new LeastDemand();
  expect(least.size).toEqual({ rows: 1, length: 1 });
  least.add({ rows: 8, length: 16 }, 0);
  least.add({ rows: 4, length: 64 }, 1);
  expect(least.size).toEqual({ rows: 4, length: 16 });
});

test('what was asked more than two seconds ago is forgotten', () => {
  const least = new LeastDemand();
  least.add({ rows: 1, length: 8 }, 0);
  least.add({ rows: 5, length: 32 }, 1500);
  expect(least.size).toEqual({ rows: 1, length: 8 });
  least.add({ rows: 6, length: 40 }, 2600);
  expect(least.size).toEqual({ rows: 5, length: 32 });
  least.add({ rows: 7, length: 48 }, 9000);
  expect(least.size).toEqual({ rows: 7, length: 48 });
});

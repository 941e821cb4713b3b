import { expect, test } from 'vitest';
import { LeastDemand } from '../../../src/scheduling/least-demand.ts';

const ANY = undefined;

const asked = (rows: number, length: number, bodyBytes?: number, slack?: number) => ({
  rows,
  length,
  bodyBytes,
  acceptedAt: 0,
  deadline: slack ?? 30_000,
  patient: slack === undefined,
});

test('the smallest rows and length of the last second count, whichever request had them', () => {
  const least = new LeastDemand();
  expect(least.of(ANY, 0)).toMatchObject({ rows: 1, length: 1 });
  least.add(asked(8, 16), 0);
  least.add(asked(4, 64, 2000), 1);
  expect(least.of(ANY, 2)).toMatchObject({ rows: 4, length: 16 });
});

test('what was asked more than two seconds ago is forgotten', () => {
  const least = new LeastDemand();
  least.add(asked(1, 8), 0);
  least.add(asked(5, 32), 1500);
  expect(least.of(ANY, 1500)).toMatchObject({ rows: 1, length: 8 });
  least.add(asked(6, 40), 2600);
  expect(least.of(ANY, 2600)).toMatchObject({ rows: 5, length: 32 });
  least.add(asked(7, 48), 9000);
  expect(least.of(ANY, 9000)).toMatchObject({ rows: 7, length: 48 });
  expect(least.of(ANY, 11_000)).toMatchObject({ rows: 1, length: 1 });
});

test('a body is told by those of about its bytes, and by all where none of these came lately', () => {
  const least = new LeastDemand();
  least.add(asked(8, 128, 16_500), 0);
  least.add(asked(8, 8, 1100), 0);
  expect(least.of(17_000, 1)).toMatchObject({ rows: 8, length: 128 });
  expect(least.of(1200, 1)).toMatchObject({ rows: 8, length: 8 });
  expect(least.of(4000, 1)).toMatchObject({ rows: 8, length: 8 });
  least.add(asked(2, 64, 1100), 2500);
  expect(least.of(17_000, 2500)).toMatchObject({ rows: 2, length: 64 });
});

test('the longest deadline of their own counts, and none where they had none', () => {
  const least = new LeastDemand();
  least.add(asked(1, 1, 1000), 0);
  expect(least.of(1000, 1).slack).toBe(0);
  least.add(asked(1, 1, 1000, 300), 1);
  least.add(asked(1, 1, 1000, 200), 2);
  least.add(asked(1, 1, 9000, 500), 3);
  expect(least.of(1000, 4).slack).toBe(300);
  expect(least.of(1000, 5000).slack).toBe(0);
});

import { expect, it } from 'vitest';
import { Cancellation } from '../../../src/inference/cancellation.ts';
import { rowsOf } from './batcher-fixture.ts';
import { setUpScheduled } from './scheduled-fixture.ts';

it('does not run a half of a failed batch for those who left it, or whose time is over', async () => {
  const { run, active, runners, clock, rejected } = setUpScheduled();
  const cancellation = new Cancellation();
  const first = run(rowsOf([1]));
  const culprit = run(rowsOf([666]));
  const mate = run(rowsOf([2]));
  const gone = run(rowsOf([3]), { signal: cancellation });
  const late = run(rowsOf([4]), { deadline: clock.now() + 400 });
  const next = async () => active()[0]?.runner.succeed();
  await next();
  await next();
  cancellation.abort();
  clock.advance(500);
  while (active().length > 0) await next();
  const outcomes = [first, culprit, mate, gone, late].map(({ outcome }) => outcome);
  expect(outcomes).toEqual([[2], 'internal', [4], 'canceled', 'deadline_exceeded']);
  expect(rejected).toEqual(expect.arrayContaining(['canceled', 'deadline']));
  expect(runners.flatMap(({ runs }) => runs.map(({ rows }) => rows))).toEqual([1, 4, 2, 1, 1]);
});

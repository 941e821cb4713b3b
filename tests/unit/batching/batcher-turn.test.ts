import { expect, it } from 'vitest';
import { BatcherTurn } from '../../../src/batching/batcher-turn.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rowsOf } from './batcher-fixture.ts';
import { LANES, setUpScheduled } from './scheduled-fixture.ts';

it('starts once a turn, and does what can wait after that', () => {
  const clock = new FakeClock();
  const ends: (() => void)[] = [];
  clock.turnEnd = (callback) => void ends.push(callback);
  const done: string[] = [];
  const turn = new BatcherTurn(clock, () => done.push('start'));
  turn.after(() => done.push('after'));
  turn.ask();
  turn.ask();
  expect(ends).toHaveLength(1);
  ends.pop()?.();
  expect(done).toEqual(['start', 'after']);
  turn.after(() => done.push('alone'));
  ends.pop()?.();
  expect(done).toEqual(['start', 'after', 'alone']);
});

it('an answer leaves before anything is learned from it, and the next batch is started', async () => {
  const { run, runners, clock, batches, active } = setUpScheduled({ lanes: LANES.slice(0, 1) });
  const ends: (() => void)[] = [];
  clock.turnEnd = (callback) => void ends.push(callback);
  const first = run(rowsOf([1]));
  ends.pop()?.();
  await runners[0]?.succeed();
  expect(first.outcome).toEqual([2]);
  run(rowsOf([2]));
  expect(batches).toEqual([]);
  expect(ends).toHaveLength(1);
  ends.pop()?.();
  expect(active()).toHaveLength(1);
  expect(batches).toMatchObject([{ rows: 1 }]);
});

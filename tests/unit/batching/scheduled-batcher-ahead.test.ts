import { describe, expect, test } from 'vitest';
import { settled } from '../../support/puppet-runner.ts';
import { rowsOf } from './batcher-fixture.ts';
import { setUpScheduled } from './scheduled-fixture.ts';

/** A batch of four takes 12 ms, and so long before and after it until a worker has its next. */
const LANE = { variant: 'only', accuracy: 0.9, fixed: 4, perRow: 2 };
const WAY = { queue: 0, computeInput: 1, computeInfer: 11, computeOutput: 3 };

const setUp = (ahead = 1) => {
  const all = setUpScheduled({ lanes: [LANE], ahead, timings: WAY });
  const [runner] = all.runners;
  if (runner === undefined) throw new Error('there is no lane');
  const send = (rows: number) => all.run(rowsOf(Array.from({ length: rows }, (_, index) => index)));
  /** Ends the oldest run, and lets the time pass in which clients come back. */
  const end = async (): Promise<void> => {
    await runner.succeed();
    all.clock.advance(0.5);
  };
  /** Runs full batches one after the other, until what the way takes is learned. */
  const learn = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      send(4);
      all.clock.advance(15);
      await end();
      all.clock.advance(10);
    }
    runner.runs.length = 0;
  };
  return { ...all, runner, send, end, learn };
};

describe('a full batch that waits for a busy slot', () => {
  test('is handed over when the run before it is about to end, and no sooner', async () => {
    const { runner, send, learn, clock } = setUp();
    await learn();
    send(4);
    send(4);
    expect(runner.active.length).toBe(1);
    clock.advance(7);
    expect(runner.active.length).toBe(1);
    clock.advance(2);
    expect(runner.runs.map(({ rows }) => rows)).toEqual([4, 4]);
    expect(runner.active.length).toBe(2);
  });

  test('is answered as ever, and the next one follows it', async () => {
    const { runner, send, learn, clock } = setUp();
    await learn();
    const requests = [send(4), send(4), send(4)];
    clock.advance(10);
    expect(runner.active.length).toBe(2);
    await runner.succeed();
    clock.advance(10);
    expect(runner.active.length).toBe(2);
    await runner.succeed();
    await runner.succeed();
    await settled();
    expect(requests.map(({ outcome }) => outcome)).toEqual(requests.map(() => [0, 2, 4, 6]));
  });

  test('is not counted for longer than it held the slot', async () => {
    const { runner, send, end, learn, clock } = setUp();
    await learn();
    for (let i = 0; i < 40; i++) {
      send(4);
      send(4);
      clock.advance(10);
      expect(runner.active.length).toBe(2);
      await end();
      clock.advance(12);
      await end();
      clock.advance(10);
    }
    const request = send(4);
    await runner.succeed();
    expect(request.result?.choice?.predicted).toBeLessThan(13);
  });

  test('fails alone', async () => {
    const { runner, send, learn, clock } = setUp();
    await learn();
    const [first, second] = [send(4), send(4)];
    clock.advance(10);
    runner.active[0]?.fail(new Error('the worker is gone'));
    await settled();
    while (runner.active.length > 0) await runner.succeed();
    expect(first.outcome).toBe('internal');
    expect(second.outcome).toEqual([0, 2, 4, 6]);
  });
});

test('a batch that others could still join is not handed over', async () => {
  const { runner, send, learn, clock } = setUp();
  await learn();
  send(4);
  send(2);
  clock.advance(11);
  expect(runner.active.length).toBe(1);
  await runner.succeed();
  expect(runner.runs.map(({ rows }) => rows)).toEqual([4, 2]);
});

test('a lane that takes nothing ahead is given nothing', async () => {
  const { runner, send, learn, clock } = setUp(0);
  await learn();
  send(4);
  send(4);
  clock.advance(20);
  expect(runner.active.length).toBe(1);
});

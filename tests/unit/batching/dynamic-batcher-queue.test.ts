import { describe, expect, test } from 'vitest';
import { settled } from '../../support/puppet-runner.ts';
import { afterwards, rowsOf, setUp } from './batcher-fixture.ts';

describe('leaving the queue', () => {
  test('a cancelled request does not fail its batch mates', async () => {
    const { run, runner, ran, rejected } = setUp();
    const gone = new AbortController();
    const goneLater = new AbortController();
    run(rowsOf([0]));
    const mates = [run(rowsOf([1])), run(rowsOf([3])), run(rowsOf([4]))];
    const queued = run(rowsOf([2]), { signal: gone.signal });
    const running = run(rowsOf([5]), { signal: goneLater.signal });
    gone.abort();
    await settled();
    expect(queued.outcome).toBe('canceled');
    await runner.succeed();
    goneLater.abort();
    await runner.succeed();
    expect(ran()).toEqual([[0], [1, 3, 4, 5]]);
    expect(mates.map(({ outcome }) => outcome)).toEqual([[2], [6], [8]]);
    expect(running.outcome).toEqual([10]);
    expect(rejected).toEqual(['canceled']);
  });

  test('a cancelled request leaves the queue at once, and the observer is told', () => {
    const { run, batcher, depths } = setUp();
    const gone = new AbortController();
    run(rowsOf([0]));
    run(rowsOf([1]), { signal: gone.signal });
    run(rowsOf([2]));
    gone.abort();
    expect(batcher.queueDepth).toBe(1);
    expect(depths).toEqual([1, 2, 1]);
  });

  test('a request whose signal is aborted already is never queued', async () => {
    const { run, runner, batcher } = setUp();
    const { outcome } = await afterwards(run(rowsOf([1]), { signal: AbortSignal.abort() }));
    expect(outcome).toBe('canceled');
    expect(runner.runs).toHaveLength(0);
    expect(batcher.inFlight).toBe(0);
  });

  test('no listener is left on a signal once its request is settled', async () => {
    const { run, runner } = setUp();
    const listeners = { added: 0, removed: 0 };
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners.added++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners.removed++;
      remove(...args);
    };
    for (const value of [1, 2, 666]) run(rowsOf([value]), { signal });
    for (let turn = 0; turn < 4; turn++) await runner.succeed();
    expect(listeners).toEqual({ added: 3, removed: 3 });
  });

  test('an expired entry is never computed, and is told near its deadline', async () => {
    const { run, runner, clock, ran, rejected, batcher } = setUp();
    run(rowsOf([0]));
    const late = run(rowsOf([1]), { deadline: clock.now() + 20 });
    const patient = run(rowsOf([2]), { deadline: clock.now() + 500 });
    expect(clock.timers).toBe(1);
    clock.advance(25);
    await settled();
    expect(late.outcome).toBe('deadline_exceeded');
    expect(batcher.queueDepth).toBe(1);
    await runner.succeed();
    await runner.succeed();
    expect(ran()).toEqual([[0], [2]]);
    expect(patient.outcome).toEqual([4]);
    expect(rejected).toEqual(['deadline']);
  });

  test('a deadline that has passed on arrival, or is no time at all, fails at once', async () => {
    const { run, runner, clock } = setUp();
    const late = [clock.now(), clock.now() - 1, Number.NaN].map((deadline) => run(rowsOf([1]), { deadline }));
    await settled();
    expect(late.map(({ outcome }) => outcome)).toEqual(Array(3).fill('deadline_exceeded'));
    expect(runner.runs).toHaveLength(0);
  });

  test('one timer serves any number of deadlines', async () => {
    const { run, clock } = setUp();
    run(rowsOf([0]));
    const all = Array.from({ length: 50 }, (_, index) =>
      run(rowsOf([1]), { deadline: clock.now() + 100 - index }),
    );
    expect(clock.timers).toBe(1);
    clock.advance(105);
    await settled();
    expect(new Set(all.map(({ outcome }) => outcome))).toEqual(new Set(['deadline_exceeded']));
    expect(clock.timers).toBe(0);
  });
});

describe('the bound', () => {
  test('queue full answers at once and the place returns', async () => {
    const { run, runner, batcher, rejected } = setUp({ maxQueueSize: 2 });
    const gone = new AbortController();
    run(rowsOf([0]));
    run(rowsOf([1]), { signal: gone.signal });
    run(rowsOf([2], 2));
    const refused = await afterwards(run(rowsOf([3])));
    expect(refused.outcome).toBe('resource_exhausted');
    expect(refused.error?.retryAfter).toBe(1);
    expect(refused.error?.message).toContain('max queue size is 2');
    gone.abort();
    const accepted = run(rowsOf([4]));
    expect(batcher.queueDepth).toBe(2);
    for (let turn = 0; turn < 3; turn++) await runner.succeed();
    expect(accepted.outcome).toEqual([8]);
    expect(rejected).toEqual(['queue_full', 'canceled']);
  });

  test('the saturation is the share of busy slots, and above 1 while the full queue refused lately', async () => {
    const { run, runner, batcher, clock } = setUp({ maxQueueSize: 1, maxBatchSize: 1 }, { slots: 2 });
    expect(batcher.saturation).toBe(0);
    run(rowsOf([0]));
    expect(batcher.saturation).toBe(0.5);
    run(rowsOf([1]));
    run(rowsOf([2]));
    expect(batcher.saturation).toBe(1);
    for (let turn = 0; turn < 9; turn++) run(rowsOf([3]));
    expect(batcher.saturation).toBe(1.75);
    for (let turn = 0; turn < 3; turn++) await runner.succeed();
    clock.advance(10_000);
    expect(batcher.saturation).toBeCloseTo(1.75);
    clock.advance(1);
    expect(batcher.saturation).toBe(0);
  });

  test('the time to retry follows from how fast the queue empties', async () => {
    const { run, runner, clock } = setUp({ maxQueueSize: 8, maxBatchSize: 1 });
    run(rowsOf([0]));
    for (let turn = 0; turn < 8; turn++) run(rowsOf([1]));
    for (let turn = 0; turn < 5; turn++) {
      clock.advance(2000);
      await runner.succeed();
      run(rowsOf([1]));
    }
    const refused = await afterwards(run(rowsOf([2])));
    expect(refused.error?.retryAfter).toBe(16);
  });

  test('no entry waits where the max queue size is 0, and a free slot is still used', async () => {
    const { run, runner } = setUp({ maxQueueSize: 0 });
    const first = run(rowsOf([1]));
    const refused = await afterwards(run(rowsOf([2])));
    await runner.succeed();
    expect([first.outcome, refused.outcome]).toEqual([[2], 'resource_exhausted']);
  });
});

describe('closing', () => {
  test('close finishes what was accepted, refuses what is new, and closes the runner below', async () => {
    const { run, runner, batcher, clock, batches, rejected } = setUp({ maxQueueDelay: 50 });
    for (const value of [1, 2, 3, 4]) run(rowsOf([value]));
    const waiting = run(rowsOf([5]));
    const closed = batcher.close();
    expect(batcher.close()).toBe(closed);
    const refused = await afterwards(run(rowsOf([6])));
    expect(refused.outcome).toBe('unavailable');
    await runner.succeed();
    expect(runner.closed).toBe(false);
    await runner.succeed();
    await closed;
    expect(waiting.outcome).toEqual([10]);
    expect(batches[1]?.reason).toBe('draining');
    expect(rejected).toEqual(['draining']);
    expect([runner.closed, runner.listeners, clock.timers]).toEqual([true, 0, 0]);
  });

  test('close ends a wait for more at once', async () => {
    const { run, runner, batcher, ran } = setUp({ maxQueueDelay: 50 });
    run(rowsOf([1]));
    const closed = batcher.close();
    expect(ran()).toEqual([[1]]);
    await runner.succeed();
    await closed;
  });
});

import { describe, expect, test } from 'vitest';
import { unavailable } from '../../../src/errors.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';
import { settled } from '../../support/puppet-runner.ts';
import { rowsOf, setUp } from './batcher-fixture.ts';

describe('forming batches', () => {
  test('a request that finds a free slot runs at once, without a timer', async () => {
    const { run, runner, clock, depths } = setUp();
    const first = run(rowsOf([1]));
    expect(runner.runs).toHaveLength(1);
    expect(clock.timers).toBe(0);
    await runner.succeed();
    expect(first.outcome).toEqual([2]);
    expect(depths).toEqual([]);
  });

  test('requests that wait for a slot share the next batch, up to the max batch size', async () => {
    const { run, runner, ran, batches } = setUp();
    const all = [1, 2, 3, 4, 5, 6, 7].map((value) => run(rowsOf([value])));
    await runner.succeed();
    await runner.succeed();
    await runner.succeed();
    expect(ran()).toEqual([[1], [2, 3, 4, 5], [6, 7]]);
    expect(all.map(({ outcome }) => outcome)).toEqual([[2], [4], [6], [8], [10], [12], [14]]);
    expect(all.map(({ result }) => result?.batchSize)).toEqual([1, 4, 4, 4, 4, 2, 2]);
    expect(batches.map(({ reason, rows, requests }) => [reason, rows, requests])).toEqual([
      ['slot_free', 1, 1],
      ['full', 4, 4],
      ['slot_free', 2, 2],
    ]);
  });

  test('a request of several rows is never split over two batches when it fits in one', async () => {
    const { run, runner, ran } = setUp();
    const all = [[1], [2, 2, 2], [3, 3], [4]].map((values) => run(rowsOf(values)));
    await runner.succeed();
    await runner.succeed();
    await runner.succeed();
    expect(ran()).toEqual([[1], [2, 2, 2], [3, 3, 4]]);
    expect(all.map(({ outcome }) => outcome)).toEqual([[2], [4, 4, 4], [6, 6], [8]]);
  });

  test('two shapes never meet in one batch', async () => {
    const { run, runner } = setUp();
    run(rowsOf([0]));
    const narrow = [run(rowsOf([1], 2)), run(rowsOf([2], 2))];
    const wide = [run(rowsOf([3], 5)), run(rowsOf([4], 5))];
    for (let turn = 0; turn < 3; turn++) await runner.succeed();
    expect(runner.runs.map(({ inputs }) => inputs.get('x')?.shape)).toEqual([
      [1, 1],
      [2, 2],
      [2, 5],
    ]);
    expect(narrow.map(({ outcome }) => outcome)).toEqual([
      [2, 2],
      [4, 4],
    ]);
    expect(wide[1]?.outcome).toEqual([8, 8, 8, 8, 8]);
  });

  test('batch order is first in, first out and nobody starves when shapes differ', async () => {
    const { run, runner, clock, ran } = setUp({ maxBatchSize: 2 });
    run(rowsOf([0]));
    const odd = run(rowsOf([99], 3));
    for (let value = 1; value <= 6; value++) {
      clock.advance(1);
      run(rowsOf([value]));
    }
    await runner.succeed();
    expect(odd.outcome).toBeUndefined();
    await runner.succeed();
    expect(odd.outcome).toEqual([198, 198, 198]);
    for (let turn = 0; turn < 3; turn++) await runner.succeed();
    expect(ran()).toEqual([[0], [99, 99, 99], [1, 2], [3, 4], [5, 6]]);
  });

  test('a higher priority goes first, and the older of two equals', async () => {
    const { run, runner, ran } = setUp({ maxBatchSize: 1 });
    run(rowsOf([0]));
    run(rowsOf([1]), { priority: 3 });
    run(rowsOf([2]));
    run(rowsOf([3]), { priority: 1 });
    run(rowsOf([4]), { priority: 2 });
    for (let turn = 0; turn < 5; turn++) await runner.succeed();
    expect(ran()).toEqual([[0], [3], [2], [4], [1]]);
  });

  test('a steady stream of a higher priority does not starve a lower one', async () => {
    const { run, runner, clock } = setUp({ maxBatchSize: 1 });
    run(rowsOf([0]));
    const low = run(rowsOf([1]), { priority: 3 });
    for (let turn = 0; turn < 25 && low.outcome === undefined; turn++) {
      run(rowsOf([2]), { priority: 1 });
      run(rowsOf([2]), { priority: 1 });
      clock.advance(100);
      await runner.succeed();
    }
    expect(low.outcome).toBeUndefined();
    for (let turn = 0; turn < 25 && low.outcome === undefined; turn++) {
      run(rowsOf([2]), { priority: 1 });
      clock.advance(100);
      await runner.succeed();
    }
    expect(low.outcome).toEqual([2]);
  });

  test('requested outputs are honoured per request', async () => {
    const { run, runner } = setUp();
    run(rowsOf([0]));
    const one = run(rowsOf([1]), { outputs: ['z'] });
    const both = run(rowsOf([2]));
    const swapped = run(rowsOf([3]), { outputs: ['z', 'y'] });
    const again = run(rowsOf([4]), { outputs: ['y', 'z'] });
    for (let turn = 0; turn < 4; turn++) await runner.succeed();
    expect(runner.runs.map(({ rows, options }) => [rows, options.outputs])).toEqual([
      [1, undefined],
      [1, ['z']],
      [1, undefined],
      [2, ['z', 'y']],
    ]);
    const names = [one, both, swapped, again].map(({ result }) =>
      [...(result?.outputs.keys() ?? [])].toSorted(),
    );
    expect(names).toEqual([['z'], ['y', 'z'], ['y', 'z'], ['y', 'z']]);
  });

  test('every free slot gets a batch', () => {
    const { run, ran } = setUp({}, { slots: 2 });
    for (const value of [1, 2, 3]) run(rowsOf([value]));
    expect(ran()).toEqual([[1], [2]]);
  });

  test('a model without a batch axis runs each request alone, as it is', async () => {
    const { run, runner, ran, batches } = setUp({ maxBatchSize: 0 });
    const inputs = rowsOf([1, 2]);
    const all = [run(inputs), run(rowsOf([3, 4]))];
    expect(runner.runs[0]?.inputs).toBe(inputs);
    await runner.succeed();
    await runner.succeed();
    expect(ran()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(all.map(({ result }) => result?.batchSize)).toEqual([1, 1]);
    expect(batches.map(({ reason }) => reason)).toEqual(['alone', 'alone']);
  });
});

describe('waiting for more', () => {
  test('a batch that is not full waits for the max queue delay, then leaves', async () => {
    const { run, runner, clock, ran, batches } = setUp({ maxQueueDelay: 10 });
    run(rowsOf([1]));
    clock.advance(6);
    run(rowsOf([2]));
    expect(runner.runs).toHaveLength(0);
    clock.advance(4);
    expect(ran()).toEqual([[1, 2]]);
    await runner.succeed();
    expect(batches[0]).toMatchObject({ reason: 'delay_expired', timings: { queue: 10 } });
  });

  test('a batch that becomes full does not wait any longer', () => {
    const { run, ran } = setUp({ maxQueueDelay: 10 });
    for (const value of [1, 2, 3, 4]) run(rowsOf([value]));
    expect(ran()).toEqual([[1, 2, 3, 4]]);
  });

  test('a key that waits for more does not hold up one that is full', () => {
    const { run, ran, clock } = setUp({ maxQueueDelay: 10, maxBatchSize: 2 }, { slots: 2 });
    run(rowsOf([9], 2));
    run(rowsOf([1]));
    run(rowsOf([2]));
    expect(ran()).toEqual([[1, 2]]);
    clock.advance(10);
    expect(ran()).toEqual([
      [1, 2],
      [9, 9],
    ]);
  });

  test('the delay does not let a deadline pass', () => {
    const { run, ran, clock } = setUp({ maxQueueDelay: 10 });
    run(rowsOf([1]));
    run(rowsOf([2]), { deadline: clock.now() + 5 });
    expect(ran()).toEqual([[1, 2]]);
  });

  test('nothing waits for more when the queue is full', () => {
    const { run, ran } = setUp({ maxQueueDelay: 10, maxQueueSize: 2 });
    run(rowsOf([1]));
    run(rowsOf([2]));
    expect(ran()).toEqual([[1, 2]]);
  });
});

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

  test('a request without a deadline gets the default one', async () => {
    const { run, clock } = setUp({ defaultTimeout: 50 });
    run(rowsOf([0]));
    const waiting = run(rowsOf([1]));
    clock.advance(55);
    await settled();
    expect(waiting.outcome).toBe('deadline_exceeded');
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

describe('failing', () => {
  test('when a batch fails only the culprit fails', async () => {
    const { run, runner, ran, batches } = setUp({ maxBatchSize: 8 });
    run(rowsOf([0]));
    const all = [1, 2, 3, 4, 5, 666, 7, 8].map((value) => run(rowsOf([value])));
    for (let turn = 0; turn < 8; turn++) await runner.succeed();
    expect(all.map(({ outcome }) => outcome)).toEqual([[2], [4], [6], [8], [10], 'internal', [14], [16]]);
    expect(ran().slice(1)).toEqual([
      [1, 2, 3, 4, 5, 666, 7, 8],
      [1, 2, 3, 4],
      [5, 666, 7, 8],
      [5, 666],
      [7, 8],
      [5],
      [666],
    ]);
    expect(batches.filter(({ failed }) => failed)).toHaveLength(4);
    expect(runner.active).toHaveLength(0);
  });

  test('the halves of a failed batch take the next slots, and nobody joins them', async () => {
    const { run, runner, ran } = setUp({ maxBatchSize: 2 });
    run(rowsOf([0]));
    run(rowsOf([1]));
    run(rowsOf([666]));
    run(rowsOf([2]));
    run(rowsOf([3]));
    run(rowsOf([4]));
    for (let turn = 0; turn < 6; turn++) await runner.succeed();
    expect(ran()).toEqual([[0], [1, 666], [2, 3], [1], [666], [4]]);
  });

  test('deadlines and cancellations hold between the runs of a failed batch', async () => {
    const { run, runner, clock, ran } = setUp();
    const gone = new AbortController();
    run(rowsOf([0]));
    const late = run(rowsOf([1]), { deadline: clock.now() + 30 });
    const cancelled = run(rowsOf([2]), { signal: gone.signal });
    run(rowsOf([666]));
    const mate = run(rowsOf([3]));
    await runner.succeed();
    gone.abort();
    clock.advance(40);
    await runner.succeed();
    expect([late.outcome, cancelled.outcome]).toEqual(['deadline_exceeded', 'canceled']);
    for (let turn = 0; turn < 3; turn++) await runner.succeed();
    expect(ran()).toEqual([[0], [1, 2, 666, 3], [666, 3], [666], [3]]);
    expect(mate.outcome).toEqual([6]);
  });

  test('a crashed worker fails only its batch, and the next one runs', async () => {
    const { run, runner, ran } = setUp();
    run(rowsOf([0]));
    const crashed = [run(rowsOf([1])), run(rowsOf([2])), run(rowsOf([3])), run(rowsOf([4]))];
    const next = run(rowsOf([5]));
    await runner.succeed();
    await runner.fail(unavailable('the worker is gone'));
    expect(crashed.map(({ outcome }) => outcome)).toEqual(Array(4).fill('unavailable'));
    await runner.succeed();
    expect(next.outcome).toEqual([10]);
    expect(ran()).toEqual([[0], [1, 2, 3, 4], [5]]);
  });

  test('outputs without a row for each row are not cut: the batch is run again one by one', async () => {
    const { run, runner, batches } = setUp();
    run(rowsOf([0]));
    const all = [run(rowsOf([1])), run(rowsOf([2]))];
    await runner.succeed();
    await runner.answer(new Map([['y', makeTensor('FP32', [1, 1], new Float32Array([7]))]]));
    expect(batches[1]?.failed).toBe(true);
    await runner.succeed();
    await runner.succeed();
    expect(all.map(({ outcome }) => outcome)).toEqual([[2], [4]]);
  });

  test('inputs that do not fit the signature fail alone', async () => {
    const { run, runner } = setUp();
    run(rowsOf([0]));
    const strange = run(new Map([['nothing', makeTensor('FP32', [1, 1], new Float32Array(1))]]));
    const mate = run(rowsOf([1]));
    for (let turn = 0; turn < 3; turn++) await runner.succeed();
    expect([strange.outcome, mate.outcome]).toEqual(['internal', [2]]);
  });
});

describe('requests larger than a batch, and empty ones', () => {
  test('an oversize request is run in pieces and answered whole', async () => {
    const { run, runner, ran, batcher, batches } = setUp(
      {},
      { timings: { queue: 1, computeInput: 2, computeInfer: 3, computeOutput: 4 } },
    );
    const big = run(rowsOf([1, 2, 3, 4, 5, 6, 7, 8, 9]));
    const mate = run(rowsOf([10]));
    expect(batcher.inFlight).toBe(2);
    for (let turn = 0; turn < 3; turn++) {
      expect(big.outcome).toBeUndefined();
      await runner.succeed();
    }
    expect(ran()).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ]);
    expect(big.outcome).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(big.result?.outputs.get('y')?.shape).toEqual([9, 1]);
    expect(big.result?.timings).toEqual({ queue: 0, computeInput: 9, computeInfer: 9, computeOutput: 12 });
    expect(big.result?.batchSize).toBe(4);
    expect(mate.outcome).toEqual([20]);
    expect(batches).toHaveLength(3);
  });

  test('when a piece fails the request fails once, and its other pieces do not run', async () => {
    const { run, runner, ran, batcher } = setUp({ maxBatchSize: 2 });
    const big = run(rowsOf([1, 2, 3, 666, 5, 6, 7, 8]));
    const next = run(rowsOf([9]));
    await runner.succeed();
    await runner.succeed();
    expect(batcher.queueDepth).toBe(1);
    expect(big.outcome).toBeUndefined();
    for (let turn = 0; turn < 2; turn++) await runner.succeed();
    expect(ran()).toEqual([[1, 2], [3, 666], [5, 6], [9]]);
    expect([big.outcome, next.outcome]).toEqual(['internal', [18]]);
    expect(batcher.inFlight).toBe(0);
  });

  test('an oversize request that is cancelled is settled when nothing of it runs any more', async () => {
    const { run, runner, ran } = setUp({ maxBatchSize: 2 });
    const gone = new AbortController();
    const big = run(rowsOf([1, 2, 3, 4]), { signal: gone.signal });
    gone.abort();
    await settled();
    expect(big.outcome).toBeUndefined();
    await runner.succeed();
    expect(big.outcome).toBe('canceled');
    expect(ran()).toEqual([[1, 2]]);
  });

  test('an empty batch runs alone and is answered with an empty one', async () => {
    const { run, runner } = setUp();
    run(rowsOf([0]));
    const empty = run(rowsOf([]));
    const mate = run(rowsOf([1]));
    for (let turn = 0; turn < 3; turn++) await runner.succeed();
    expect(empty.result?.outputs.get('y')?.shape).toEqual([0, 1]);
    expect(mate.outcome).toEqual([2]);
    expect(runner.runs.map(({ rows }) => rows)).toEqual([1, 0, 1]);
  });
});

describe('timings', () => {
  test('each request has its own queue time, and the compute times of its batch', async () => {
    const { run, runner, clock, batches } = setUp(
      {},
      { timings: { queue: 1, computeInput: 2, computeInfer: 3, computeOutput: 4 } },
    );
    run(rowsOf([0]));
    const early = run(rowsOf([1]));
    clock.advance(5);
    const late = run(rowsOf([2]));
    clock.advance(2);
    await runner.succeed();
    await runner.succeed();
    const compute = { computeInput: 3, computeInfer: 3, computeOutput: 4 };
    expect(early.result?.timings).toEqual({ queue: 7, ...compute });
    expect(late.result?.timings).toEqual({ queue: 2, ...compute });
    expect(batches[1]).toEqual({
      rows: 2,
      requests: 2,
      reason: 'slot_free',
      timings: { queue: 7, ...compute },
      failed: false,
    });
  });

  test('the observer is told how many entries wait', async () => {
    const { run, runner, depths } = setUp();
    for (const value of [0, 1, 2]) run(rowsOf([value]));
    await runner.succeed();
    expect(depths).toEqual([1, 2, 0]);
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

async function afterwards<T>(value: T): Promise<T> {
  await settled();
  return value;
}

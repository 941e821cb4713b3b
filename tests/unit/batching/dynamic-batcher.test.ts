import { describe, expect, test } from 'vitest';
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

  test('a batch behind which nothing waits is said to be alone', async () => {
    const { run, runner } = setUp();
    for (const value of [1, 2, 3, 4, 5, 6]) run(rowsOf([value]));
    for (let batch = 0; batch < 3; batch++) await runner.succeed();
    expect(runner.runs.map(({ options }) => options.alone)).toEqual([true, false, true]);
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

  test('a higher priority brings its key to the front', async () => {
    const { run, runner, clock, ran } = setUp();
    run(rowsOf([0]));
    run(rowsOf([1], 2));
    clock.advance(1);
    run(rowsOf([2]));
    run(rowsOf([3]), { priority: 1 });
    for (let turn = 0; turn < 3; turn++) await runner.succeed();
    expect(ran()).toEqual([[0], [3, 2], [1, 1]]);
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

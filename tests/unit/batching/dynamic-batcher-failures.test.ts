import { describe, expect, test } from 'vitest';
import { unavailable } from '../../../src/errors.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';
import { settled } from '../../support/puppet-runner.ts';
import { rowsOf, setUp } from './batcher-fixture.ts';

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

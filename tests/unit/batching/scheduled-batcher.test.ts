import { describe, expect, it } from 'vitest';
import type { Terms } from '../../../src/inference/runner.ts';
import type { Signature } from '../../../src/inference/signature.ts';
import type { TensorMap } from '../../../src/tensor/tensor.ts';
import { settled } from '../../support/puppet-runner.ts';
import { rowsOf, tensorOf, valuesOf } from './batcher-fixture.ts';
import { LANES, setUpScheduled } from './scheduled-fixture.ts';

const terms = (changes: Partial<Terms>): { terms: Terms } => ({
  terms: { variants: ['best', 'fast'], route: 'free', preference: 'accuracy', client: '', ...changes },
});

describe('the variant that answers', () => {
  it('is the most accurate one while there is time', async () => {
    const { run, runners } = setUpScheduled();
    const request = run(rowsOf([1]), terms({}));
    await runners[0]?.succeed();
    expect(request.outcome).toEqual([2]);
    expect(request.result?.choice).toEqual({
      variant: 'best',
      reason: 'best',
      accuracy: 0.95,
      predicted: expect.any(Number),
    });
  });

  it('is the fast one where the best would be late', async () => {
    const { run, runners, clock } = setUpScheduled();
    const request = run(rowsOf([1]), { ...terms({}), deadline: clock.now() + 20 });
    await runners[1]?.succeed();
    expect(request.result?.choice).toMatchObject({ variant: 'fast', reason: 'slack' });
  });

  it('is never one that the terms leave out', () => {
    const { run, runners, clock } = setUpScheduled();
    const floor = run(rowsOf([1]), { ...terms({ variants: ['best'] }), deadline: clock.now() + 20 });
    expect(runners.map(({ runs }) => runs.length)).toEqual([0, 0]);
    return expect(floor.promise).rejects.toMatchObject({ code: 'deadline_exceeded', reason: 'infeasible' });
  });

  it('is the pinned one', async () => {
    const { run, runners } = setUpScheduled();
    const request = run(rowsOf([1]), terms({ variants: ['fast'], route: 'pinned' }));
    await runners[1]?.succeed();
    expect(request.result?.choice).toMatchObject({ variant: 'fast', reason: 'pinned' });
  });

  it('is none where no variant that may answer is there', () => {
    const { run } = setUpScheduled();
    return expect(run(rowsOf([1]), terms({ variants: ['other'] })).promise).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('a request', () => {
  it('that would make accepted ones late is refused at once, with the time to retry', async () => {
    const { run, clock } = setUpScheduled({ batching: { maxBatchSize: 1 } });
    const requests = Array.from({ length: 20 }, (_, index) =>
      run(rowsOf([index]), { ...terms({}), deadline: clock.now() + 60 }),
    );
    await settled();
    const refused = requests.filter(({ error }) => error?.code === 'resource_exhausted');
    expect(refused.length).toBeGreaterThan(10);
    for (const { error } of refused) {
      expect(error?.reason).toBe('overload');
      expect(error?.retryAfter).toBeGreaterThan(0);
    }
  });

  it('without a deadline goes before those of lower priorities that came a little sooner', async () => {
    const { run, runners, clock } = setUpScheduled({
      lanes: LANES.slice(0, 1),
      batching: { maxBatchSize: 1, priorityLevels: 2, defaultPriority: 2 },
    });
    const order: number[] = [];
    const ask = (value: number, priority: number) =>
      void run(rowsOf([value]), { ...terms({ variants: ['best'] }), priority }).promise.then(() =>
        order.push(value),
      );
    ask(0, 2);
    await settled();
    ask(1, 2);
    clock.advance(4000);
    ask(2, 2);
    ask(3, 1);
    clock.advance(1001);
    ask(4, 1);
    while (order.length < 5) await runners[0]?.succeed();
    // The second came more than five seconds before the last.
    expect(order).toEqual([0, 3, 1, 4, 2]);
  });

  it('that expires in the queue is dropped unexecuted, near its deadline', async () => {
    const { run, runners, clock, rejected } = setUpScheduled();
    run(rowsOf([1]), terms({}));
    const late = run(rowsOf([2]), { ...terms({}), deadline: clock.now() + 100 });
    clock.advance(110);
    await settled();
    expect(late.outcome).toBe('deadline_exceeded');
    expect(rejected).toEqual(['deadline']);
    await runners[0]?.succeed();
    expect(runners.flatMap(({ runs }) => runs).length).toBe(1);
  });

  it('that is cancelled leaves its batch mates alone', async () => {
    const { run, runners } = setUpScheduled();
    run(rowsOf([1]), terms({}));
    const abort = new AbortController();
    const mates = [run(rowsOf([2]), terms({})), run(rowsOf([4]), terms({}))];
    const gone = run(rowsOf([3]), { ...terms({}), signal: abort.signal });
    abort.abort();
    await runners[0]?.succeed();
    await runners[0]?.succeed();
    expect(gone.outcome).toBe('canceled');
    expect(mates.map(({ outcome }) => outcome)).toEqual([[4], [8]]);
  });

  it('that fails a batch fails alone', async () => {
    const { run, active } = setUpScheduled();
    const first = run(rowsOf([1]), terms({}));
    const rest = [2, 666, 4].map((value) => run(rowsOf([value]), terms({})));
    while (active().length > 0) for (const { runner } of active()) await runner.succeed();
    expect([first, ...rest].map(({ outcome }) => outcome)).toEqual([[2], [4], 'internal', [8]]);
  });
});

describe('a batch', () => {
  it('is alone where nothing waits behind it', async () => {
    const { run, runners } = setUpScheduled({ slots: 2, batching: { maxBatchSize: 1 } });
    run(rowsOf([1, 2]), terms({}));
    await settled();
    expect(runners[0]?.runs.map(({ options }) => options.alone)).toEqual([false, true]);
  });

  it('that is half of one that failed is not alone while the other half waits', async () => {
    const { run, runners } = setUpScheduled({ slots: 2, batching: { maxBatchSize: 2 } });
    for (const value of [1, 2, 666, 4]) run(rowsOf([value]), terms({}));
    const runner = runners[0];
    while ((runner?.active.length ?? 0) > 0) await runner?.succeed();
    const halves = runner?.runs.filter(({ rows }) => rows === 1).slice(-2);
    expect(halves?.map(({ options }) => options.alone)).toEqual([false, true]);
  });

  it.each([
    ['teaches what others will take', false, 5],
    ['that ran apart from others teaches nothing about them', true, 30],
  ])('%s', async (_, apart, expected) => {
    const { run, runners } = setUpScheduled();
    const ask = () => run(rowsOf([1]), terms({ variants: ['best'] }));
    for (let count = 0; count < 200; count++) {
      ask();
      await settled();
      const timings = { queue: 0, computeInput: 0, computeInfer: 5, computeOutput: 0 };
      runners[0]?.active[0]?.finish((inputs) => ({ outputs: inputs, timings, batchSize: 1, apart }));
      await settled();
    }
    const request = ask();
    await runners[0]?.succeed();
    expect(request.result?.choice?.predicted).toBeCloseTo(expected, 0);
  });
});

describe('requests of different length', () => {
  const signature: Signature = {
    inputs: [{ name: 'x', datatype: 'FP32', dims: ['batch', 'length'] }],
    outputs: [{ name: 'y', datatype: 'FP32', dims: ['batch', 'length'] }],
  };
  const names = new Set(['x', 'y']);
  const echo = (inputs: TensorMap): TensorMap => {
    const x = inputs.get('x');
    if (x === undefined) throw new Error('there is no x');
    return new Map([['y', x]]);
  };
  const ofLength = (values: readonly number[]): TensorMap =>
    new Map([['x', tensorOf([1, values.length], values)]]);

  it('share a batch where padding is harmless, and get back what is theirs', async () => {
    const { run, runners, batches } = setUpScheduled({
      lanes: LANES.slice(0, 1),
      signature,
      model: echo,
      padded: { inputs: names, outputs: names },
    });
    run(ofLength([9]), terms({}));
    const requests = [
      [1, 2],
      [3, 4, 5],
      [6, 7, 8, 9],
    ].map((values) => run(ofLength(values), terms({})));
    await runners[0]?.succeed();
    const [, batch] = runners[0]?.runs ?? [];
    expect(batch?.inputs.get('x')?.shape).toEqual([3, 4]);
    await runners[0]?.succeed();
    expect(requests.map(({ result }) => valuesOf(result?.outputs ?? new Map(), 'y'))).toEqual([
      [1, 2],
      [3, 4, 5],
      [6, 7, 8, 9],
    ]);
    expect(batches.map(({ padded }) => padded)).toEqual([
      { tokens: 1, padding: 0 },
      { tokens: 12, padding: 3 },
    ]);
  });

  it('never meet where it is not', async () => {
    const { run, runners, active } = setUpScheduled({ signature, model: echo });
    for (const values of [[9], [1], [2, 3], [4], [5, 6]]) run(ofLength(values), terms({}));
    while (active().length > 0) for (const { runner } of active()) await runner.succeed();
    const shapes = runners.flatMap(({ runs }) => runs.map(({ inputs }) => inputs.get('x')?.shape));
    expect(shapes).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
  });
});

describe('the end', () => {
  it('answers what was accepted, refuses what comes later, and leaves the workers open', async () => {
    const { batcher, run, runners, clock } = setUpScheduled();
    const accepted = [1, 2, 3].map((value) => run(rowsOf([value]), terms({})));
    const closed = batcher.close();
    const late = run(rowsOf([4]), terms({}));
    await runners[0]?.succeed();
    await runners[0]?.succeed();
    await closed;
    expect(accepted.map(({ outcome }) => outcome)).toEqual([[2], [4], [6]]);
    expect(late.outcome).toBe('unavailable');
    expect(runners.map((runner) => runner.closed)).toEqual([false, false]);
    expect(clock.timers).toBe(0);
  });
});

it('leaves a part of the time free once answers have been late', async () => {
  const { run, runners, clock } = setUpScheduled();
  const ask = (time: number) => run(rowsOf([1]), { ...terms({}), deadline: clock.now() + time });
  const answer = async (): Promise<void> => {
    for (const runner of runners) while (runner.active.length > 0) await runner.succeed();
  };
  const before = ask(10);
  await answer();
  expect(before.outcome).toEqual([2]);
  for (let late = 0; late < 30; late++) {
    ask(100);
    clock.advance(101);
    await answer();
  }
  const after = ask(10);
  await settled();
  expect(after.error).toMatchObject({ code: 'deadline_exceeded', reason: 'infeasible' });
});

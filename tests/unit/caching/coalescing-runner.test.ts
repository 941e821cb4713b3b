import { expect, test } from 'vitest';
import { CoalescingRunner } from '../../../src/caching/coalescing-runner.ts';
import { InferenceError, type RejectReason } from '../../../src/errors.ts';
import type { RunOptions } from '../../../src/inference/runner.ts';
import type { TensorMap } from '../../../src/tensor/tensor.ts';
import { PuppetRunner, settled } from '../../support/puppet-runner.ts';
import { double, rowsOf, SIGNATURE, tensorOf } from '../batching/batcher-fixture.ts';
import { termsFor, watch } from './caching-fixture.ts';

/** A coalescing runner over a puppet with many slots, and a clock that the test sets. */
function setUp() {
  const clock = { now: 1000 };
  const timings = { queue: 10, computeInput: 1, computeInfer: 20, computeOutput: 2 };
  const puppet = new PuppetRunner({ slots: 100, model: double, timings });
  let canceled = 0;
  const runner = new CoalescingRunner(puppet, {
    signature: SIGNATURE,
    defaultPriority: 2,
    onCanceled: () => {
      canceled += 1;
    },
    now: () => clock.now,
  });
  const run = (inputs: TensorMap, options?: RunOptions) => watch(runner, inputs, options);
  return { clock, puppet, runner, run, canceled: () => canceled };
}

const refusal = (reason: RejectReason): InferenceError =>
  new InferenceError('resource_exhausted', 'refused by the test', { reason });

test('identical requests in flight are computed once, and each is answered', async () => {
  const { puppet, run } = setUp();
  const all = [run(rowsOf([1, 2])), run(rowsOf([1, 2])), run(rowsOf([1, 2]))];
  expect(puppet.runs).toHaveLength(1);
  await puppet.succeed();
  expect(all.map(({ outcome }) => outcome)).toEqual([
    [2, 4],
    [2, 4],
    [2, 4],
  ]);
  expect(all.map(({ result }) => result?.reuse)).toEqual([undefined, 'coalesced', 'coalesced']);
});

test('a request that comes after the answer is computed anew', async () => {
  const { puppet, run } = setUp();
  run(rowsOf([1]));
  await puppet.succeed();
  run(rowsOf([1]));
  expect(puppet.runs).toHaveLength(2);
});

test.each<[string, TensorMap, RunOptions]>([
  ['other values', rowsOf([1, 3]), {}],
  ['another shape of the same bytes', new Map([['x', tensorOf([1, 2], [1, 2])]]), {}],
  ['other outputs', rowsOf([1, 2]), { outputs: ['y'] }],
  ['other variants', rowsOf([1, 2]), { terms: termsFor('int8') }],
  ['a higher priority', rowsOf([1, 2]), { priority: 1 }],
  ['a sooner deadline', rowsOf([1, 2]), { deadline: 2000 }],
])('a request with %s has a run of its own', async (_, inputs, options) => {
  const { puppet, run } = setUp();
  run(rowsOf([1, 2]));
  const other = run(inputs, options);
  expect(puppet.runs).toHaveLength(2);
  await puppet.succeed(1);
  expect(other.result?.reuse).toBeUndefined();
});

test('a request joins one that is at least as urgent', () => {
  const { puppet, run } = setUp();
  run(rowsOf([1]), { priority: 1, deadline: 2000 });
  run(rowsOf([1]), { priority: 1, deadline: 2001 });
  run(rowsOf([1]), { deadline: 2000 });
  run(rowsOf([1]));
  expect(puppet.runs).toHaveLength(1);
});

test('where several variants may answer, a request does not share the haste of another', () => {
  const { puppet, run } = setUp();
  const terms = termsFor('default', 'int8');
  run(rowsOf([1]), { terms, deadline: 2000 });
  run(rowsOf([1]), { terms, deadline: 3000 });
  expect(puppet.runs).toHaveLength(2);
  run(rowsOf([1]), { terms: termsFor('default', 'int8'), deadline: 3000 });
  expect(puppet.runs).toHaveLength(2);
});

test('where several variants may answer, requests that are given the same time share a run', async () => {
  const { puppet, run, clock } = setUp();
  const terms = termsFor('default', 'int8');
  run(rowsOf([1]), { terms, deadline: clock.now + 1000 });
  clock.now += 300;
  run(rowsOf([1]), { terms, deadline: clock.now + 1000 });
  run(rowsOf([1]), { terms, deadline: clock.now + 1040 });
  expect(puppet.runs).toHaveLength(1);
  run(rowsOf([1]), { terms, deadline: clock.now + 1060 });
  run(rowsOf([1]), { terms });
  expect(puppet.runs).toHaveLength(3);
});

test('the run goes on when the request it was begun for is cancelled', async () => {
  const { puppet, run, canceled } = setUp();
  const abort = new AbortController();
  const leader = run(rowsOf([1]), { signal: abort.signal });
  const follower = run(rowsOf([1]));
  abort.abort();
  await settled();
  expect([leader.outcome, follower.outcome]).toEqual(['canceled', undefined]);
  expect(puppet.runs[0]?.options.signal?.aborted).toBe(false);
  await puppet.succeed();
  expect(follower.outcome).toEqual([2]);
  expect(canceled()).toBe(1);
});

test('a cancelled follower leaves the others alone', async () => {
  const { puppet, run } = setUp();
  const abort = new AbortController();
  const leader = run(rowsOf([1]));
  const follower = run(rowsOf([1]), { signal: abort.signal });
  abort.abort();
  await puppet.succeed();
  expect([leader.outcome, follower.outcome]).toEqual([[2], 'canceled']);
});

test('the run is cancelled when nobody wants it any more, and takes nobody in', async () => {
  const { puppet, run } = setUp();
  const aborts = [new AbortController(), new AbortController()];
  const all = aborts.map(({ signal }) => run(rowsOf([1]), { signal }));
  for (const abort of aborts) abort.abort();
  expect(puppet.runs[0]?.options.signal?.aborted).toBe(true);
  const late = run(rowsOf([1]));
  expect(puppet.runs).toHaveLength(2);
  await puppet.fail(refusal('canceled'));
  expect(all.map(({ outcome }) => outcome)).toEqual(['canceled', 'resource_exhausted']);
  await puppet.succeed();
  expect(late.outcome).toEqual([2]);
});

test.each([new InferenceError('internal', 'broken'), refusal('failed')])(
  'an error of the run reaches all who wait for it',
  async (error) => {
    const { puppet, run } = setUp();
    const all = [run(rowsOf([1])), run(rowsOf([1]))];
    await puppet.fail(error);
    expect(all.map(({ outcome }) => outcome)).toEqual([error.code, error.code]);
    expect(puppet.runs).toHaveLength(1);
  },
);

test('a refusal is that of the request the run was begun for; the others are tried together', async () => {
  const { clock, puppet, run } = setUp();
  const leader = run(rowsOf([1]), { deadline: 2000 });
  clock.now = 1010;
  const followers = [run(rowsOf([1]), { deadline: 3000 }), run(rowsOf([1]), { deadline: 2500 })];
  clock.now = 2000;
  await puppet.fail(refusal('deadline'));
  expect(leader.outcome).toBe('resource_exhausted');
  expect(puppet.active.map(({ options }) => options.deadline)).toEqual([2500]);
  clock.now = 2050;
  await puppet.succeed();
  expect(followers.map(({ outcome }) => outcome)).toEqual([[2], [2]]);
  expect(followers.map(({ result }) => result?.reuse)).toEqual(['coalesced', undefined]);
  // 1040 ms since they came, of which 23 in the run.
  expect(followers.map(({ result }) => result?.timings.queue)).toEqual([1017, 1017]);
});

test('each request reports the times that passed since it came', async () => {
  const { clock, puppet, run } = setUp();
  const leader = run(rowsOf([1]));
  clock.now = 1005;
  const early = run(rowsOf([1]));
  clock.now = 1026;
  const late = run(rowsOf([1]));
  clock.now = 1033;
  await puppet.succeed();
  const times = [leader, early, late].map(({ result }) => result?.timings);
  expect(times).toEqual([
    { queue: 10, computeInput: 1, computeInfer: 20, computeOutput: 2 },
    { queue: 5, computeInput: 1, computeInfer: 20, computeOutput: 2 },
    { queue: 0, computeInput: 0, computeInfer: 5, computeOutput: 2 },
  ]);
});

test('closing waits for those who wait, and then closes the runner below', async () => {
  const { puppet, runner, run } = setUp();
  const all = [run(rowsOf([1])), run(rowsOf([1]))];
  const closed = runner.close();
  await settled();
  expect(puppet.closed).toBe(false);
  await puppet.fail(refusal('deadline'));
  expect(puppet.closed).toBe(false);
  await puppet.succeed();
  await closed;
  expect(puppet.closed).toBe(true);
  expect(all.map(({ outcome }) => outcome)).toEqual(['resource_exhausted', [2]]);
  await expect(runner.run(rowsOf([1]))).rejects.toMatchObject({ code: 'unavailable' });
});

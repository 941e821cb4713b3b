import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tensor, TensorMap } from '../../../src/tensor/tensor.ts';
import { settled } from '../../support/puppet-runner.ts';
import { double, setUp, tensorOf, valuesOf, type Watched } from './batcher-fixture.ts';

const request = fc.record({
  rows: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, { weight: 3, arbitrary: fc.nat(11) }),
  width: fc.constantFrom(1, 1, 1, 2, 3),
  outputs: fc.constantFrom<readonly string[] | undefined>(undefined, undefined, ['y'], ['z', 'y']),
  priority: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  /** Milliseconds after arrival. */
  timeout: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined, freq: 3 }),
  /** Some row of it fails the run it is in. */
  poisoned: fc.nat(9).map((dice) => dice === 0),
});

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('submit' as const), request }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), milliseconds: fc.nat(20) }) },
);

const settings = fc.record({
  maxBatchSize: fc.constantFrom(0, 1, 2, 3, 5, 8),
  preferredBatchSizes: fc.constantFrom([], [2], [2, 4]),
  maxQueueDelay: fc.constantFrom(0, 0, 5),
  maxQueueSize: fc.constantFrom(0, 3, 100),
  priorityLevels: fc.constantFrom(0, 3),
  slots: fc.integer({ min: 1, max: 3 }),
});

interface Submitted {
  readonly request: Request;
  readonly inputs: TensorMap;
  readonly watched: Watched;
  readonly abort: AbortController;
  aborted: boolean;
  answers: number;
}

const allOf = (tensors: TensorMap): [string, Tensor['shape'], number[]][] =>
  [...tensors].map(([name, { shape }]) => [name, shape, valuesOf(tensors, name)]);

test('every request settles exactly once, and a batched answer equals the solo answer, row for row', async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(step, { maxLength: 60 }), async ({ slots, ...batching }, steps) => {
      const poison = new Set<number>();
      const finished: number[][] = [];
      const { batcher, runner, run, clock, depths } = setUp(batching, {
        slots,
        model(inputs) {
          const values = valuesOf(inputs, 'x');
          if (values.some((value) => poison.has(value))) throw new Error('poison');
          finished.push(values);
          return double(inputs);
        },
      });
      const all: Submitted[] = [];
      let next = 1000;
      const submit = (what: Request) => {
        const values = Array.from({ length: what.rows * what.width }, () => next++);
        if (what.poisoned && values.length > 0) poison.add(values[values.length >> 1] ?? 0);
        const inputs: TensorMap = new Map([['x', tensorOf([what.rows, what.width], values)]]);
        const abort = new AbortController();
        const watched = run(inputs, {
          signal: abort.signal,
          ...(what.outputs === undefined ? {} : { outputs: what.outputs }),
          ...(what.priority === undefined ? {} : { priority: what.priority }),
          ...(what.timeout === undefined ? {} : { deadline: clock.now() + what.timeout }),
        });
        const submitted = { request: what, inputs, watched, abort, aborted: false, answers: 0 };
        const count = () => void submitted.answers++;
        watched.promise.then(count, count);
        all.push(submitted);
      };
      for (const each of steps) {
        if (each.kind === 'submit') submit(each.request);
        else if (each.kind === 'wait') clock.advance(each.milliseconds);
        else if (each.kind === 'end') {
          const turn = each.which % Math.max(runner.active.length, 1);
          if (runner.active.length > 0) await runner.succeed(turn);
        } else {
          const target = all[each.which % Math.max(all.length, 1)];
          if (target !== undefined) target.aborted = true;
          target?.abort.abort();
        }
      }
      const closed = batcher.close();
      while (runner.active.length > 0) await runner.succeed();
      await closed;
      await settled();

      expect([batcher.inFlight, batcher.queueDepth, depths.at(-1) ?? 0, clock.timers]).toEqual([0, 0, 0, 0]);
      for (const { request: what, inputs, watched, aborted, answers } of all) {
        expect(answers).toBe(1);
        if (watched.result !== undefined) {
          const solo = double(inputs);
          const wanted = new Map([...solo].filter(([name]) => what.outputs?.includes(name) ?? true));
          expect(allOf(watched.result.outputs)).toEqual(allOf(wanted));
          continue;
        }
        const allowed = [
          ...(what.poisoned ? ['internal'] : []),
          ...(aborted ? ['canceled'] : []),
          ...(what.timeout === undefined ? [] : ['deadline_exceeded']),
          ...(batching.maxQueueSize < 100 ? ['resource_exhausted'] : []),
        ];
        expect(allowed).toContain(watched.error?.code);
      }
      for (const { inputs } of runner.runs) {
        const rows = inputs.get('x')?.shape[0] ?? 0;
        if (batching.maxBatchSize > 0) expect(rows).toBeLessThanOrEqual(batching.maxBatchSize);
      }
      const computed = finished.flat();
      expect(new Set(computed).size).toBe(computed.length);
    }),
    { seed: 7, numRuns: 400 },
  );
});

test('the same requests in the same order give the same batches', async () => {
  const record = async (requests: readonly Request[]) => {
    const { runner, run, clock, ran } = setUp({ preferredBatchSizes: [2] });
    for (const [index, { rows, width, priority }] of requests.entries()) {
      run(
        new Map([['x', tensorOf([rows, width], Array(rows * width).fill(index))]]),
        priority === undefined ? {} : { priority },
      );
      if (index % 3 === 2) {
        clock.advance(1);
        await runner.succeed();
      }
    }
    while (runner.active.length > 0) await runner.succeed();
    return ran();
  };
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 20 }), async (requests) => {
      expect(await record(requests)).toEqual(await record(requests));
    }),
    { seed: 8, numRuns: 50 },
  );
});

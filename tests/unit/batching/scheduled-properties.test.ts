import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TensorMap } from '../../../src/tensor/tensor.ts';
import { settled } from '../../support/puppet-runner.ts';
import { double, tensorOf, valuesOf, type Watched } from './batcher-fixture.ts';
import { setUpScheduled } from './scheduled-fixture.ts';

const request = fc.record({
  rows: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.nat(9) }),
  width: fc.constantFrom(1, 1, 2),
  variants: fc.constantFrom(['best', 'fast'], ['best', 'fast'], ['best'], ['fast']),
  preference: fc.constantFrom('accuracy' as const, 'balanced' as const, 'latency' as const),
  client: fc.constantFrom('a', 'b'),
  priority: fc.integer({ min: 1, max: 3 }),
  /** Milliseconds after arrival. */
  timeout: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined, freq: 2 }),
  poisoned: fc.nat(9).map((dice) => dice === 0),
});

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('submit' as const), request }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), milliseconds: fc.nat(40) }) },
);

const settings = fc.record({
  maxBatchSize: fc.constantFrom(0, 1, 3, 8),
  maxQueueSize: fc.constantFrom(2, 100),
  slots: fc.integer({ min: 1, max: 2 }),
});

interface Submitted {
  readonly request: Request;
  readonly inputs: TensorMap;
  readonly watched: Watched;
  readonly abort: AbortController;
  aborted: boolean;
  answers: number;
}

test('every request settles exactly once, on a variant it allows, and a batched answer equals the solo answer', async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(step, { maxLength: 60 }), async ({ slots, ...batching }, steps) => {
      const poison = new Set<number>();
      const { batcher, run, clock, active, depths } = setUpScheduled({
        batching,
        slots,
        model(inputs) {
          if (valuesOf(inputs, 'x').some((value) => poison.has(value))) throw new Error('poison');
          return double(inputs);
        },
      });
      const all: Submitted[] = [];
      let next = 1000;
      const submit = (what: Request): void => {
        const values = Array.from({ length: what.rows * what.width }, () => next++);
        if (what.poisoned && values.length > 0) poison.add(values[values.length >> 1] ?? 0);
        const inputs: TensorMap = new Map([['x', tensorOf([what.rows, what.width], values)]]);
        const abort = new AbortController();
        const { variants, preference, client, priority, timeout } = what;
        const watched = run(inputs, {
          signal: abort.signal,
          priority,
          terms: { variants, route: 'free', preference, client },
          ...(timeout === undefined ? {} : { deadline: clock.now() + timeout }),
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
          const running = active();
          const turn = running[each.which % Math.max(running.length, 1)];
          await turn?.runner.succeed(turn.place);
        } else {
          const target = all[each.which % Math.max(all.length, 1)];
          if (target !== undefined) target.aborted = true;
          target?.abort.abort();
        }
      }
      const closed = batcher.close();
      while (batcher.inFlight > 0) {
        for (const { runner } of active()) await runner.succeed();
        clock.advance(1);
      }
      await closed;
      await settled();

      expect([batcher.inFlight, batcher.queueDepth, depths.at(-1) ?? 0, clock.timers]).toEqual([0, 0, 0, 0]);
      for (const { request: what, inputs, watched, aborted, answers } of all) {
        expect(answers).toBe(1);
        if (watched.result !== undefined) {
          expect(valuesOf(watched.result.outputs, 'y')).toEqual(valuesOf(double(inputs), 'y'));
          expect(what.variants).toContain(watched.result.choice?.variant);
          continue;
        }
        const allowed = [
          'resource_exhausted',
          ...(what.poisoned ? ['internal'] : []),
          ...(aborted ? ['canceled'] : []),
          ...(what.timeout === undefined ? [] : ['deadline_exceeded']),
        ];
        expect(allowed).toContain(watched.error?.code);
      }
    }),
    { seed: 11, numRuns: 400 },
  );
});

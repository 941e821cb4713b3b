import { expect, test } from 'vitest';
import { CachingRunner } from '../../../src/caching/caching-runner.ts';
import { type Opening, Openings } from '../../../src/caching/openings.ts';
import { ResponseCache } from '../../../src/caching/response-cache.ts';
import type { Runner, RunOptions } from '../../../src/inference/runner.ts';
import type { TensorMap } from '../../../src/tensor/tensor.ts';
import { PuppetRunner } from '../../support/puppet-runner.ts';
import { double, rowsOf, SIGNATURE, tensorOf } from '../batching/batcher-fixture.ts';
import { termsFor, watch } from './caching-fixture.ts';

const opening = (id: number, variant: string, accuracy?: number): Opening => ({ id, variant, accuracy });

/** A version with variants over one cache; each variant's runner is a puppet that answers by itself. */
function setUp({ answers = undefined as string | undefined, mixed = false, maxBytes = 1e6 } = {}) {
  const cache = new ResponseCache(maxBytes);
  const openings = new Openings();
  const asked: boolean[] = [];
  const open = (as: Opening) => {
    const puppet = new PuppetRunner({ slots: 100, model: double, auto: true });
    const inner: Runner = {
      run: async (inputs, options) => {
        const result = await puppet.run(inputs, options);
        if (answers === undefined) return result;
        return { ...result, choice: { variant: answers, reason: 'the test says so', predicted: 1 }, mixed };
      },
      close: () => puppet.close(),
    };
    openings.add(as);
    const observer = { cacheAsked: (hit: boolean) => void asked.push(hit) };
    const runner = new CachingRunner(inner, { cache, signature: SIGNATURE, opening: as, openings, observer });
    const run = async (inputs: TensorMap, options?: RunOptions) => {
      const watched = watch(runner, inputs, options);
      await watched.promise.catch(() => {});
      return watched;
    };
    return { puppet, runner, run };
  };
  return { cache, openings, asked, open };
}

test('a repeat is answered without a run, and says so', async () => {
  const { asked, open } = setUp();
  const { puppet, run } = open(opening(1, 'default'));
  const first = await run(rowsOf([1, 2]));
  const second = await run(rowsOf([1, 2]));
  expect(puppet.runs).toHaveLength(1);
  expect([first.outcome, second.outcome]).toEqual([
    [2, 4],
    [2, 4],
  ]);
  expect(first.result?.reuse).toBeUndefined();
  expect(second.result).toMatchObject({
    reuse: 'cached',
    batchSize: 0,
    timings: { queue: 0, computeInfer: 0 },
  });
  expect(second.result?.choice).toBeUndefined();
  expect(asked).toEqual([false, true]);
});

test('requests for other outputs or other inputs are not repeats; the order of outputs does not matter', async () => {
  const { open } = setUp();
  const { puppet, run } = open(opening(1, 'default'));
  await run(rowsOf([1, 2]));
  await run(rowsOf([1, 2]), { outputs: ['y'] });
  await run(new Map([['x', tensorOf([1, 2], [1, 2])]]));
  expect(puppet.runs).toHaveLength(3);
  await run(rowsOf([1, 2]), { outputs: ['z', 'y'] });
  expect(puppet.runs).toHaveLength(3);
});

test('what is kept is a copy', async () => {
  const { open } = setUp();
  const { run } = open(opening(1, 'default'));
  const first = await run(rowsOf([1]));
  const given = first.result?.outputs.get('y')?.data;
  if (given instanceof Float32Array) given.fill(99);
  expect(given?.[0]).toBe(99);
  expect((await run(rowsOf([1]))).outcome).toEqual([2]);
});

test('a failed run leaves nothing behind', async () => {
  const { asked, cache, open } = setUp();
  const { run } = open(opening(1, 'default'));
  expect((await run(rowsOf([666]))).outcome).toBe('internal');
  expect([cache.size, cache.bytes, asked]).toEqual([0, 0, [false]]);
});

test('of several variants only the most accurate answers from the cache', async () => {
  const { open } = setUp({ answers: 'int8' });
  const main = open(opening(1, 'default', 0.9));
  const int8 = open(opening(2, 'int8', 0.8));
  const terms = termsFor('default', 'int8');
  await main.run(rowsOf([1]), { terms });
  expect((await main.run(rowsOf([1]), { terms })).result?.reuse).toBeUndefined();
  const pinned = await int8.run(rowsOf([1]), { terms: termsFor('int8') });
  expect(pinned.result).toMatchObject({ reuse: 'cached', choice: { variant: 'int8', reason: 'cached' } });
});

test('what several variants computed a part of each is kept for none of them', async () => {
  const { cache, open } = setUp({ answers: 'int8', mixed: true });
  const main = open(opening(1, 'default', 0.9));
  open(opening(2, 'int8', 0.8));
  await main.run(rowsOf([1, 2]), { terms: termsFor('default', 'int8') });
  expect(cache.size).toBe(0);
});

test("the most accurate variant's answer is used whoever is asked", async () => {
  const { open } = setUp({ answers: 'best' });
  const main = open(opening(1, 'default', 0.8));
  open(opening(2, 'best', 0.9));
  const terms = termsFor('default', 'best');
  await main.run(rowsOf([1]), { terms });
  const second = await main.run(rowsOf([1]), { terms });
  expect(second.result).toMatchObject({ reuse: 'cached', choice: { variant: 'best' } });
});

test('a reloaded variant never answers what the one before it computed', async () => {
  const { cache, open } = setUp();
  const before = open(opening(1, 'default'));
  await before.run(rowsOf([1]));
  const after = open(opening(2, 'default'));
  expect((await after.run(rowsOf([1]))).result?.reuse).toBeUndefined();
  await before.runner.close();
  expect(cache.size).toBe(1);
  expect((await after.run(rowsOf([1]))).result?.reuse).toBe('cached');
});

test('while a variant is replaced, an answer that either file can have given is not kept', async () => {
  const { cache, open } = setUp({ answers: 'int8' });
  const main = open(opening(1, 'default', 0.9));
  open(opening(2, 'int8', 0.8));
  open(opening(3, 'int8', 0.8));
  await main.run(rowsOf([1]), { terms: termsFor('default', 'int8') });
  expect(cache.size).toBe(0);
});

test('an answer that comes after its variant was closed is not kept', async () => {
  const { cache, open } = setUp();
  const { runner, run } = open(opening(1, 'default'));
  const running = run(rowsOf([1]));
  await runner.close();
  expect((await running).outcome).toEqual([2]);
  expect(cache.size).toBe(0);
  expect((await run(rowsOf([1]))).outcome).toBe('unavailable');
});

test('a request that would be refused is refused, kept answer or not', async () => {
  const { open } = setUp();
  const { puppet, run } = open(opening(1, 'default'));
  await run(rowsOf([1]));
  await run(rowsOf([1]), { deadline: performance.now() - 1 });
  await run(rowsOf([1]), { signal: AbortSignal.abort() });
  expect(puppet.runs).toHaveLength(3);
});

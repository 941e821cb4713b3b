import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseCache } from '../../../src/caching/response-cache.ts';
import { makeTensor, type TensorMap } from '../../../src/tensor/tensor.ts';

/** One output of that many numbers, all `value`. */
const answer = (elements: number, value = 0): TensorMap =>
  new Map([['y', makeTensor('FP32', [elements], new Float32Array(elements).fill(value))]]);

const kept = (outputs: TensorMap) => ({ outputs, chosen: false });

test('the least recently used answers go first', () => {
  const probe = new ResponseCache(1e6);
  probe.put(0, 'a', kept(answer(10)));
  const cache = new ResponseCache(9 * probe.bytes);
  for (const key of 'abcdefghi') cache.put(0, key, kept(answer(10)));
  cache.get(0, 'a');
  cache.put(0, 'j', kept(answer(10)));
  const there = [...'abcdefghij'].filter((key) => cache.get(0, key) !== undefined);
  expect(there.join('')).toBe('acdefghij');
  expect(cache.evictions).toBe(1);
});

test('an answer larger than an eighth of the cache is not kept and pushes nothing out', () => {
  const cache = new ResponseCache(80_000);
  cache.put(0, 'small', kept(answer(10)));
  cache.put(0, 'large', kept(answer(2500)));
  expect([cache.get(0, 'large'), cache.size, cache.evictions]).toEqual([undefined, 1, 0]);
});

test('an answer keeps none of the memory it was cut from', () => {
  const batch = new Float32Array(new SharedArrayBuffer(4096)).fill(7);
  const cache = new ResponseCache(1e6);
  cache.put(0, 'a', kept(new Map([['y', makeTensor('FP32', [2], batch.subarray(2, 4))]])));
  batch.fill(0);
  const data = cache.get(0, 'a')?.outputs.get('y')?.data as Float32Array;
  expect([...data]).toEqual([7, 7]);
  expect(data.buffer).toBeInstanceOf(ArrayBuffer);
  expect(data.buffer.byteLength).toBe(8);
});

test('texts are kept as they are, halves of surrogate pairs included', () => {
  const texts = ['', 'naïve', '\ud800', '😀'];
  const cache = new ResponseCache(1e6);
  cache.put(0, 'a', kept(new Map([['y', makeTensor('BYTES', [4], texts)]])));
  expect(cache.get(0, 'a')?.outputs.get('y')?.data).toEqual(texts);
});

test('an owner is forgotten with all it has put, and no other', () => {
  const cache = new ResponseCache(1e6);
  cache.put(1, 'a', kept(answer(1)));
  cache.put(11, 'a', kept(answer(1)));
  cache.forget(1);
  expect([cache.get(1, 'a'), cache.size]).toEqual([undefined, 1]);
  cache.forget(11);
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
});

test('whatever happens, the bytes stay within the bound and an answer is what was put', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 20 }),
    owner: fc.integer({ min: 0, max: 2 }),
    kind: fc.constantFrom('put', 'put', 'put', 'get', 'forget'),
    elements: fc.integer({ min: 0, max: 400 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: 1000, max: 30_000 }),
      (steps, maxBytes) => {
        const cache = new ResponseCache(maxBytes);
        const put = new Map<string, number>();
        for (const [value, { key, owner, kind, elements }] of steps.entries()) {
          const name = `${owner} ${key}`;
          if (kind === 'forget') cache.forget(owner);
          const found = cache.get(owner, String(key));
          if (found !== undefined)
            expect(found.outputs.get('y')?.data[0] ?? put.get(name)).toBe(put.get(name));
          if (kind !== 'put') continue;
          if (found === undefined) put.set(name, value);
          cache.put(owner, String(key), kept(answer(elements, value)));
          expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
        }
        for (const owner of [0, 1, 2]) cache.forget(owner);
        expect([cache.size, cache.bytes]).toEqual([0, 0]);
      },
    ),
    { seed: 7, numRuns: 100 },
  );
});

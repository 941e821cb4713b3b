import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';

// As src/main.ts does, before the module is loaded.
setFlagsFromString('--expose-gc');
setFlagsFromString('--no-separate-gc-phases');
const { collectBuffers } = await import('../../../src/gateway/buffer-garbage.ts');

const KIB = 1024;
const MIB = 1024 * KIB;

/** Messages, one after the other, and how often the whole heap, and the young one on demand, were collected meanwhile. */
async function receive(count: number, bytes: number, taken: (bytes: number) => void) {
  const collections = { whole: 0, asked: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as (PerformanceEntry & { detail: GcDetail })[]) {
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections.whole += 1;
      else if ((detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) collections.asked += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  for (let index = 0; index < count; index++) {
    Buffer.from(new ArrayBuffer(bytes)).fill(1);
    taken(bytes);
    await new Promise(setImmediate);
  }
  await new Promise(setImmediate);
  observer.disconnect();
  return collections;
}

interface GcDetail {
  readonly kind: number;
  readonly flags: number;
}

test('long messages make V8 look through the whole heap no more, nor often through the young one', async () => {
  const without = await receive(1024, MIB, () => {});
  const collected = await receive(1024, MIB, collectBuffers);
  expect(without.whole).toBeGreaterThan(4);
  expect(without.asked).toBe(0);
  expect(collected.whole).toBeLessThan(without.whole / 2);
  // One for every 16 MiB at most.
  expect(collected.asked).toBeGreaterThan(0);
  expect(collected.asked).toBeLessThanOrEqual(64);
});

test('short messages are none of its business', async () => {
  const { asked } = await receive(2000, 32 * KIB, collectBuffers);
  expect(asked).toBe(0);
});

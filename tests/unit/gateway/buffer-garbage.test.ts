import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { collectBuffers } from '../../../src/gateway/buffer-garbage.ts';

const MIB = 1024 * 1024;

/** A gibibyte of messages, one after the other, and how often the whole heap was collected meanwhile. */
async function receive(taken: (bytes: number) => void): Promise<number> {
  let whole = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { detail: { kind: number } })[]) {
      if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) whole += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  for (let index = 0; index < 1024; index++) {
    Buffer.from(new ArrayBuffer(MIB)).fill(1);
    taken(MIB);
    await new Promise(setImmediate);
  }
  await new Promise(setImmediate);
  observer.disconnect();
  return whole;
}

test('long messages make V8 look through the whole heap no more', async () => {
  const without = await receive(() => {});
  const collected = await receive(collectBuffers);
  expect(without).toBeGreaterThan(4);
  expect(collected).toBeLessThan(without / 2);
});

import { describe, expect, test } from 'vitest';
import { makeTensor } from '../../../src/tensor/tensor.ts';
import { placeInputs } from '../../../src/workers/place-inputs.ts';
import { SharedMemory } from '../../../src/workers/shared-memory.ts';
import { floatTensor, tensors } from '../../support/tensors.ts';

const MiB = 2 ** 20;

describe('shared memory', () => {
  test('is used again for a size of the same class', () => {
    const memory = new SharedMemory(MiB);
    const first = memory.take(5000);
    expect(first.byteLength).toBeGreaterThanOrEqual(5000);
    memory.give(first);
    expect(memory.take(6000)).toBe(first);
  });

  test('is never lent twice', () => {
    const memory = new SharedMemory(MiB);
    const first = memory.take(100);
    expect(memory.take(100)).not.toBe(first);
    memory.give(first);
    memory.give(first);
    expect(memory.take(100)).toBe(first);
    expect(memory.take(100)).not.toBe(first);
  });

  test('keeps no more than its limit', () => {
    const memory = new SharedMemory(8192);
    const lent = [memory.take(4096), memory.take(4096), memory.take(4096)];
    for (const buffer of lent) memory.give(buffer);
    const again = [memory.take(4096), memory.take(4096), memory.take(4096)];
    expect(again.filter((buffer) => lent.includes(buffer))).toHaveLength(2);
  });

  test('does not take in memory of others', () => {
    const memory = new SharedMemory(MiB);
    const foreign = new SharedArrayBuffer(4096);
    memory.give(foreign);
    expect(memory.owns(foreign)).toBe(false);
    expect(memory.take(4096)).not.toBe(foreign);
  });
});

describe('inputs of a run', () => {
  test('stay where they are when they lie in shared memory', () => {
    const memory = new SharedMemory(MiB);
    const buffer = memory.take(64);
    const x = makeTensor('FP32', [1, 4], new Float32Array(buffer, 16, 4));
    const placed = placeInputs(tensors({ x }), memory);
    expect(placed.inputs.get('x')?.data).toBe(x.data);
    expect([...placed.buffers]).toEqual([buffer]);
  });

  test('are copied into one shared buffer otherwise, each aligned to its element', () => {
    const memory = new SharedMemory(MiB);
    const flags = makeTensor('BOOL', [1, 3], Uint8Array.of(1, 0, 1));
    const ids = makeTensor('INT64', [1, 2], BigInt64Array.of(-1n, 2n ** 62n));
    const words = makeTensor('BYTES', [1, 1], ['text']);
    const inputs = tensors({ flags, ids, words });
    const placed = placeInputs(inputs, memory);
    expect(placed.inputs).toEqual(inputs);
    expect(placed.buffers.size).toBe(1);
    const [buffer] = placed.buffers;
    for (const name of ['flags', 'ids']) {
      const data = placed.inputs.get(name)?.data;
      expect(ArrayBuffer.isView(data) && data.buffer).toBe(buffer);
    }
  });

  test('may be of both kinds', () => {
    const memory = new SharedMemory(MiB);
    const inside = makeTensor('FP32', [1, 2], new Float32Array(memory.take(8), 0, 2).fill(3));
    const inputs = tensors({ outside: floatTensor([1, 2], 1), inside, more: floatTensor([1, 2], 2) });
    const placed = placeInputs(inputs, memory);
    expect(placed.inputs).toEqual(inputs);
    expect(placed.buffers.size).toBe(2);
  });

  test('may be empty', () => {
    const memory = new SharedMemory(MiB);
    const inputs = tensors({ x: floatTensor([0, 4], []) });
    expect(placeInputs(inputs, memory).inputs).toEqual(inputs);
  });
});

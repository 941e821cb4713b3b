import { afterEach, expect, test, vi } from 'vitest';
import { collector } from '../../../src/gateway/buffer-garbage.ts';
import { collectOldObjects, OldObjects } from '../../../src/gateway/old-garbage.ts';

vi.mock('../../../src/gateway/buffer-garbage.ts', () => ({ collector: vi.fn() }));
afterEach(() => vi.useRealTimers());

const MIB = 1024 * 1024;

/** What is said of these numbers of bytes, one after the other; MiB. */
function said(...list: number[]): boolean[] {
  const objects = new OldObjects();
  return list.map((each) => objects.grown(each * MIB));
}

test('old objects are collected when they have grown by 16 MiB, and again after 16 more', () => {
  expect(said(40, 45, 50, 55, 56)).toEqual([false, false, false, false, true]);
  expect(said(40, 60, 41, 50, 56, 57)).toEqual([false, true, false, false, false, true]);
});

test('where V8 has collected them meanwhile, the growth counts from the fewest', () => {
  expect(said(50, 60, 42, 50, 57, 58)).toEqual([false, false, false, false, false, true]);
  expect(said(100, 50, 100, 50)).toEqual([false, false, true, false]);
});

test('a heap that stays as it is is left alone', () => {
  expect(said(40, 40, 40, 41, 40, 41)).not.toContain(true);
});

test('looks once a minute, and has the whole heap collected', () => {
  vi.useFakeTimers();
  const collect = vi.fn<NonNullable<ReturnType<typeof collector>>>();
  vi.mocked(collector).mockReturnValue(collect);
  const objects = new OldObjects();
  const grown = vi.spyOn(objects, 'grown').mockReturnValueOnce(false).mockReturnValueOnce(true);
  collectOldObjects(objects);
  vi.advanceTimersByTime(60_000);
  expect(collect).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(collect).toHaveBeenCalledExactlyOnceWith({ type: 'major' });
  expect(grown.mock.calls.every(([bytes]) => bytes > 1e6)).toBe(true);
});

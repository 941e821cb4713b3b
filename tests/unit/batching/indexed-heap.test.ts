import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IndexedHeap } from '../../../src/batching/indexed-heap.ts';

interface Item {
  key: number;
  readonly order: number;
  place: number;
}

const newHeap = () =>
  new IndexedHeap<Item>(
    (a, b) => a.key < b.key || (a.key === b.key && a.order < b.order),
    (item, place) => {
      item.place = place;
    },
  );

const sorted = (items: readonly Item[]) => items.toSorted((a, b) => a.key - b.key || a.order - b.order);

const step = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), key: fc.nat(20) }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('update' as const), which: fc.nat(), key: fc.nat(20) }),
);

describe('an indexed heap', () => {
  test('behaves as a sorted list, whatever joins, leaves and changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const heap = newHeap();
        let items: Item[] = [];
        for (const [order, each] of steps.entries()) {
          if (each.kind === 'push') {
            const item = { key: each.key, order, place: -1 };
            items.push(item);
            heap.push(item);
          } else {
            const item = items[each.which % items.length];
            if (item === undefined) continue;
            if (each.kind === 'remove') {
              items = items.filter((other) => other !== item);
              heap.remove(item.place);
            } else {
              item.key = each.key;
              heap.update(item.place);
            }
          }
          const expected = sorted(items);
          expect(heap.size).toBe(items.length);
          expect(heap.peek()).toBe(expected[0]);
          expect(heap.first(3)).toEqual(expected.slice(0, 3));
          expect(heap.first(items.length)).toEqual(expected);
          expect(items.every((item) => heap.items[item.place] === item)).toBe(true);
        }
      }),
      { seed: 1 },
    );
  });

  test('gives nothing when it is empty or nothing is asked', () => {
    const heap = newHeap();
    expect([heap.peek(), heap.first(2)]).toEqual([undefined, []]);
    heap.push({ key: 1, order: 0, place: -1 });
    expect(heap.first(0)).toEqual([]);
  });
});

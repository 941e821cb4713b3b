import { expect, test } from 'vitest';
import { elementsOf, RunTime } from '../../../src/workers/run-time.ts';
import { floatTensor, tensors } from '../../support/tensors.ts';

const inputs = (elements: number) => tensors({ x: floatTensor([1, elements], 0) });

test('a run is expected to take what lies on the line through the shortest and the longest of the warm-up', () => {
  const time = new RunTime([
    { elements: 10, time: 3 },
    { elements: 20, time: 9 },
    { elements: 30, time: 5 },
  ]);
  expect(time.shortest).toBe(3);
  expect(time.expected(inputs(10))).toBeCloseTo(3);
  expect(time.expected(inputs(20))).toBeCloseTo(4);
  expect(time.expected(inputs(50))).toBeCloseTo(7);
});

test.each([
  ['one size was run', [{ elements: 10, time: 1 }], 1],
  [
    'more took no longer',
    [
      { elements: 10, time: 1 },
      { elements: 20, time: 0.9 },
    ],
    1,
  ],
])('where %s, larger inputs are expected to take as much longer as they are larger', (_, runs, within) => {
  const time = new RunTime(runs);
  expect(time.expected(inputs(5))).toBeCloseTo(within);
  expect(time.expected(inputs(10))).toBeCloseTo(within);
  expect(time.expected(inputs(10_000))).toBeGreaterThan(400);
});

test('a text is as large as it is long', () => {
  const texts = (data: string[]) =>
    new Map([['text', { datatype: 'BYTES', shape: [data.length], data }]] as const);
  expect(elementsOf(texts(['', 'one', 'three']))).toBe(8);
});

test('what is expected follows what is seen', () => {
  const time = new RunTime([{ elements: 10, time: 1 }]);
  for (let run = 0; run < 100; run++) time.observe(inputs(10), 2);
  expect(time.expected(inputs(10))).toBeCloseTo(2, 2);
});

test('one run that was held up changes little', () => {
  const time = new RunTime([{ elements: 10, time: 1 }]);
  time.observe(inputs(10), 1000);
  expect(time.expected(inputs(10))).toBeLessThan(1.5);
});

test('nothing is expected to be short where the model refused the sample', () => {
  const time = new RunTime([{ elements: 10, time: Number.NaN }]);
  time.observe(inputs(10), 1);
  expect(time.shortest).toBe(Infinity);
  expect(time.expected(inputs(10))).toBe(Infinity);
});

test('what was seen fades to half of what was known at first', () => {
  const time = new RunTime([{ elements: 10, time: 4 }], 0.5);
  expect(time.expected(inputs(10))).toBe(2);
  for (let run = 0; run < 100; run++) time.observe(inputs(10), 8);
  for (let run = 0; run < 5000; run++) time.fade();
  expect(time.expected(inputs(10))).toBeCloseTo(1, 1);
  for (let run = 0; run < 100; run++) time.observe(inputs(10), 0.2);
  for (let run = 0; run < 5000; run++) time.fade();
  expect(time.expected(inputs(10))).toBeCloseTo(0.2, 1);
});

import { expect, test } from 'vitest';
import { accuracyAsked, deadlineOf } from '../../../src/inference/scheduling-parameters.ts';
import type { InferenceRequest } from '../../../src/inference/types.ts';
import { BATCHING } from '../batching/batcher-fixture.ts';

const asking = (request: Partial<InferenceRequest>): InferenceRequest => ({
  model: 'm',
  inputs: new Map(),
  parameters: new Map([['timeout', 5000]]),
  ...request,
});

const having = (defaultTimeout: number) => ({ batching: { ...BATCHING, defaultTimeout } });
const NO_DEFAULT = having(0);

test('a timeout counts from the arrival of a request, not from when it was read', () => {
  expect(deadlineOf(asking({ arrivedAt: 100 }), NO_DEFAULT, 200)).toBe(105);
  expect(deadlineOf(asking({}), NO_DEFAULT, 200)).toBe(205);
});

test('the sooner of a timeout and the deadline of the transport counts', () => {
  expect(deadlineOf(asking({ arrivedAt: 100, deadline: 104 }), NO_DEFAULT, 200)).toBe(104);
  expect(deadlineOf(asking({ arrivedAt: 100, deadline: 106 }), NO_DEFAULT, 200)).toBe(105);
});

test('the default of the model is for requests that bring no deadline, and counts from their arrival', () => {
  const nothing = { parameters: new Map() };
  expect(deadlineOf(asking({ ...nothing, arrivedAt: 100 }), having(50), 120)).toBe(150);
  expect(deadlineOf(asking(nothing), having(50), 120)).toBe(170);
  expect(deadlineOf(asking({ ...nothing, deadline: 9000 }), having(50), 120)).toBe(9000);
  expect(deadlineOf(asking({ arrivedAt: 100 }), having(3), 120)).toBe(105);
  expect(deadlineOf(asking(nothing), NO_DEFAULT, 120)).toBeUndefined();
});

test.each([
  ['timeout', ' '],
  ['timeout', '0x10'],
  ['timeout', '1_000'],
  ['timeout', '-1'],
])('a %s of %j is no number', (name, value) => {
  const request = asking({ parameters: new Map([[name, value]]) });
  expect(() => deadlineOf(request, NO_DEFAULT, 0)).toThrow(/'timeout'/);
});

test.each([2 ** 53, 2n ** 53n, '9007199254740992'])('a timeout of %s is refused by the limit', (value) => {
  const request = asking({ parameters: new Map([['timeout', value]]) });
  expect(() => deadlineOf(request, NO_DEFAULT, 0)).toThrow(
    `parameter 'timeout' must be an integer from 0 to 9007199254740991, not "9007199254740992"`,
  );
});

test.each([' ', '\t\n', '0b1', '1.5', '-0.1', 'Infinity'])('a least accuracy of %j is none', (value) => {
  const request = asking({ parameters: new Map([['min_accuracy', value]]) });
  expect(() => accuracyAsked(request)).toThrow(/'min_accuracy'/);
});

test.each([
  ['0.5', 0.5],
  ['1e-1', 0.1],
  [1, 1],
])('a least accuracy may come as %j', (value, minAccuracy) => {
  expect(accuracyAsked(asking({ parameters: new Map([['min_accuracy', value]]) }))).toEqual({ minAccuracy });
});

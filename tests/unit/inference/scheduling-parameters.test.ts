import { expect, test } from 'vitest';
import { deadlineOf } from '../../../src/inference/scheduling-parameters.ts';
import type { InferenceRequest } from '../../../src/inference/types.ts';

const asking = (request: Partial<InferenceRequest>): InferenceRequest => ({
  model: 'm',
  inputs: new Map(),
  parameters: new Map([['timeout', 5000]]),
  ...request,
});

test('a timeout counts from the arrival of a request, not from when it was read', () => {
  expect(deadlineOf(asking({ arrivedAt: 100 }), 200)).toBe(105);
  expect(deadlineOf(asking({}), 200)).toBe(205);
});

test('the sooner of a timeout and the deadline of the transport counts', () => {
  expect(deadlineOf(asking({ arrivedAt: 100, deadline: 104 }), 200)).toBe(104);
  expect(deadlineOf(asking({ arrivedAt: 100, deadline: 106 }), 200)).toBe(105);
});

import { expect, test } from 'vitest';
import { type Code, InferenceError, type RejectReason } from '../../../src/errors.ts';
import { endOf } from '../../../src/rollout/run-ends.ts';

test.each<[Code, RejectReason | undefined, string]>([
  ['internal', undefined, 'error'],
  ['unavailable', 'failed', 'error'],
  ['unavailable', 'draining', 'refused'],
  ['invalid_argument', undefined, 'refused'],
  // The model broke off on an input that nothing says is wrong.
  ['invalid_argument', 'failed', 'error'],
  ['resource_exhausted', 'overload', 'refused'],
  ['canceled', 'canceled', 'refused'],
])('%s for reason %s counts as %s', (code, reason, end) => {
  expect(endOf(new InferenceError(code, '', reason === undefined ? {} : { reason }))).toBe(end);
});

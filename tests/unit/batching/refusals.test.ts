import { expect, test } from 'vitest';
import { refusals } from '../../../src/batching/refusals.ts';

test.each([
  [0.123, '0.12'],
  [9, '9'],
  [304.2, '300'],
  [12_345, '12000'],
])('a refusal says %d ms as %s', (milliseconds, text) => {
  expect(refusals.infeasible(milliseconds).message).toMatch(new RegExp(` takes about ${text} ms$`));
});

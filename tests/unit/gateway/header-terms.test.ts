import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { headerTerms } from '../../../src/gateway/header-terms.ts';

const deadlineOf = (timeout: string): number | undefined => {
  const request = { headers: { 'x-request-timeout-ms': timeout }, ip: '', arrivedAt: 100 };
  return headerTerms(request as unknown as FastifyRequest).deadline;
};

const DAY = 86_400_000;

test.each([
  ['0.5', 100.5],
  ['5000', 5100],
  [`${DAY}`, 100 + DAY],
  [`${DAY + 1}`, 100 + DAY],
  ['999999999999', 100 + DAY],
  ['1000000000000.5', 100 + DAY],
  ['9'.repeat(400), 100 + DAY],
])('a timeout of %s ms from 100 on is a deadline at %d', (timeout, deadline) => {
  expect(deadlineOf(timeout)).toBe(deadline);
});

test.each(['', '0', '-1', '1e3', 'Infinity', '5 s'])('a timeout of %j is refused', (timeout) => {
  expect(() => deadlineOf(timeout)).toThrow(
    'header x-request-timeout-ms must be a positive number of milliseconds',
  );
});

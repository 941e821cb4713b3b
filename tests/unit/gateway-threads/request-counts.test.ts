import { expect, test } from 'vitest';
import { RequestCounts } from '../../../src/gateway-threads/request-counts.ts';

test('counts each client in windows of time', () => {
  let now = 5000;
  const counts = new RequestCounts(1000, () => now);
  expect(counts.count('a')).toEqual({ current: 1, ttl: 1000 });
  now += 400;
  expect(counts.count('a')).toEqual({ current: 2, ttl: 600 });
  expect(counts.count('b')).toEqual({ current: 1, ttl: 600 });
  now += 600;
  expect(counts.count('a')).toEqual({ current: 1, ttl: 1000 });
});

import { expect, test } from 'vitest';
import { settled } from '../../support/puppet-runner.ts';
import { rowsOf } from './batcher-fixture.ts';
import { setUpScheduled } from './scheduled-fixture.ts';

test('a request may come again where the bytes in flight are of others, and is too large where they are its own', async () => {
  const { run, active } = setUpScheduled({ maxBytes: 16, batching: { maxBatchSize: 2 } });
  const first = run(rowsOf([1, 2]));
  const second = run(rowsOf([3, 4, 5]));
  const large = run(rowsOf([1, 2, 3, 4, 5]));
  await settled();
  expect(second.error).toMatchObject({ code: 'resource_exhausted', retryAfter: expect.any(Number) });
  expect(large.error).toMatchObject({
    code: 'payload_too_large',
    message: expect.stringMatching(/take 20 bytes, .* may take 16 \(maxInFlightBytes\)/),
    retryAfter: undefined,
  });
  for (const { runner } of active()) await runner.succeed();
  expect(first.outcome).toEqual([2, 4]);
  const again = run(rowsOf([3, 4, 5]));
  while (active().length > 0) for (const { runner } of active()) await runner.succeed();
  expect(again.outcome).toEqual([6, 8, 10]);
});

import { describe, expect, it } from 'vitest';
import type { Terms } from '../../../src/inference/runner.ts';
import { settled } from '../../support/puppet-runner.ts';
import { rowsOf, valuesOf } from './batcher-fixture.ts';
import { setUpScheduled } from './scheduled-fixture.ts';

const terms = (changes: Partial<Terms>): { terms: Terms } => ({
  terms: { variants: ['best', 'fast'], route: 'free', preference: 'accuracy', client: '', ...changes },
});

describe('a request that is larger than a batch', () => {
  it('is answered whole', async () => {
    const { run, runners, active } = setUpScheduled({ batching: { maxBatchSize: 3 } });
    const request = run(rowsOf([1, 2, 3, 4, 5, 6, 7]), terms({}));
    while (active().length > 0) for (const { runner } of active()) await runner.succeed();
    expect(request.outcome).toEqual([2, 4, 6, 8, 10, 12, 14]);
    for (const { rows } of runners.flatMap(({ runs }) => runs)) expect(rows).toBeLessThanOrEqual(3);
  });

  it.each([
    { which: 'last', best: [1, 2, 3, 4], fast: [5, 6, 7, 8] },
    { which: 'first', best: [5, 6, 7, 8], fast: [1, 2, 3, 4] },
  ])('names the less accurate of two variants, that of its $which rows', async ({ which, best, fast }) => {
    const { run, runners, active } = setUpScheduled({ slots: 2 });
    for (const runner of runners) runner.slots = 1;
    if (which === 'first') run(rowsOf([9]), terms({ variants: ['best'], route: 'pinned' }));
    const request = run(rowsOf([1, 2, 3, 4, 5, 6, 7, 8]), terms({}));
    await settled();
    if (which === 'first') await runners[0]?.succeed();
    expect(active().map(({ runner }) => valuesOf(runner.active[0]?.inputs ?? new Map(), 'x'))).toEqual([
      best,
      fast,
    ]);
    for (const { runner } of active()) await runner.succeed();
    expect(request.result).toMatchObject({ choice: { variant: 'fast', reason: 'slack' }, mixed: true });
  });

  it('is not mixed where one variant computed all of it', async () => {
    const { run, active } = setUpScheduled();
    const request = run(rowsOf([1, 2, 3, 4, 5, 6, 7, 8]), terms({}));
    while (active().length > 0) for (const { runner } of active()) await runner.succeed();
    // Two batches of four rows, 60 ms each.
    expect(request.result?.choice).toMatchObject({ variant: 'best', predicted: expect.closeTo(120, 0) });
    expect(request.result?.mixed).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { settled } from '../../support/puppet-runner.ts';
import { rowsOf } from './batcher-fixture.ts';
import { setUpScheduled } from './scheduled-fixture.ts';

const ANY = { variants: ['best', 'fast'], route: 'free', preference: 'accuracy', client: '' } as const;

describe('a request', () => {
  it('is refused unread while whatever it says would be refused, and only then', async () => {
    const { batcher, run, runners, clock, rejected } = setUpScheduled({ batching: { maxBatchSize: 1 } });
    const soon = () => ({ deadline: clock.now() + 60, client: '' });
    expect(batcher.refusal(soon())).toBeUndefined();
    const requests = Array.from({ length: 20 }, (_, index) =>
      run(rowsOf([index]), { terms: ANY, ...soon() }),
    );
    await settled();
    const before = rejected.length;
    expect(batcher.refusal(soon())).toMatchObject({ code: 'resource_exhausted', reason: 'overload' });
    expect(rejected.length).toBe(before + 1);
    await expect(run(rowsOf([0]), { terms: ANY, ...soon() }).promise).rejects.toMatchObject({
      reason: 'overload',
    });
    expect(batcher.refusal({ client: '' })).toBeUndefined();
    expect(batcher.refusal({ ...soon(), pinned: 'best' })).toBeDefined();
    while (requests.some(({ outcome }) => outcome === undefined)) {
      for (const runner of runners) if (runner.active.length > 0) await runner.succeed();
    }
    expect(batcher.refusal(soon())).toBeUndefined();
  });

  it('is refused unread for its size, by what bodies of its bytes ask for', async () => {
    const { batcher, run, clock } = setUpScheduled({ batching: { maxBatchSize: 8 } });
    const small = { client: '', bodyBytes: 100 };
    const large = { client: '', bodyBytes: 800 };
    const ask = (rows: number, asking: typeof small) =>
      run(rowsOf(new Array(rows).fill(1)), {
        terms: { ...ANY, ...asking },
        deadline: clock.now() + 100,
      });
    ask(1, small);
    for (let count = 0; count < 10; count++) ask(8, large);
    await settled();
    const asking = (each: object) => batcher.refusal({ client: '', ...each, deadline: clock.now() + 80 });
    expect(asking(large)).toMatchObject({ reason: 'overload' });
    expect(asking(small)).toBeUndefined();
    expect(asking({})).toBeUndefined();
  });

  it('is read again when none was refused for a tenth of a second', async () => {
    const { batcher, run, clock } = setUpScheduled({ batching: { maxBatchSize: 1 } });
    const soon = () => ({ deadline: clock.now() + 200, client: '' });
    for (let index = 0; index < 60; index++) {
      run(rowsOf([index]), { terms: ANY, deadline: clock.now() + 400 });
    }
    await settled();
    expect(batcher.refusal(soon())).toBeDefined();
    clock.advance(101);
    expect(batcher.refusal(soon())).toBeUndefined();
    await expect(run(rowsOf([0]), { terms: ANY, ...soon() }).promise).rejects.toMatchObject({
      reason: 'overload',
    });
    expect(batcher.refusal(soon())).toBeDefined();
  });

  it('whose body may give it more time is read while that would do', async () => {
    const { batcher, run, clock } = setUpScheduled({
      batching: { maxBatchSize: 1, defaultTimeout: 60 },
    });
    const ask = (time: number) =>
      run(rowsOf([1]), { terms: { ...ANY, bodyBytes: 100 }, deadline: clock.now() + time });
    for (let count = 0; count < 20; count++) ask(60);
    await settled();
    const asking = { client: '', bodyBytes: 100 };
    expect(batcher.refusal(asking)).toMatchObject({ reason: 'overload' });
    ask(20_000);
    expect(batcher.refusal(asking)).toBeUndefined();
    expect(batcher.refusal({ ...asking, deadline: clock.now() + 60 })).toBeDefined();
  });
});

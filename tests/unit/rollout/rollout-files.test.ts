import { describe, expect, it } from 'vitest';
import type { RolloutPlan } from '../../../src/inference/rollout.ts';
import { parseRollout } from '../../../src/repository/rollout-config.ts';
import type { RolloutMemory } from '../../../src/rollout/active-rollouts.ts';
import { bench } from './rollout-fixture.ts';

const plan = parseRollout({ canaries: [{ variant: 'int8', share: 0.5 }] });
const next = parseRollout({ canaries: [{ variant: 'int8', share: 0.6 }] });

describe('the file of a model', () => {
  it('counts when it changes, not when it is read again', async () => {
    const { rollouts, set, state } = bench();
    await rollouts.configured('mixed', plan);
    expect(state()).toMatchObject({ source: 'file', plan });
    set({ shadow: { variant: 'int8', share: 1 } });
    await rollouts.configured('mixed', plan);
    expect(state().source).toBe('api');
    await rollouts.configured('mixed', next);
    expect(state()).toMatchObject({ source: 'file', plan: next });
    await rollouts.configured('mixed', undefined);
    expect(rollouts.of('mixed')).toBeUndefined();
  });

  it('may name what is not loaded yet: its share stays with the baseline, which the description tells', async () => {
    const { rollouts, route, state } = bench();
    const absent = { variant: 'int4', share: 1 };
    await rollouts.configured('mixed', parseRollout({ canaries: [absent], shadow: absent }));
    rollouts.check('mixed');
    expect(route('a').variant.variant).toBe('default');
    expect(state().canaries[0]?.problem).toMatch(/has no variant 'int4'/);
    expect(rollouts.states().map(({ arm, share }) => [arm, share])).toEqual([
      ['baseline', 1],
      ['canary', 0],
      ['shadow', 0],
    ]);
  });

  it('of a model that left the repository says nothing any more, and all it says counts where it comes back', async () => {
    const { rollouts } = bench();
    await rollouts.configured('mixed', plan);
    rollouts.forget('mixed');
    expect(rollouts.states()).toEqual([]);
    await rollouts.configured('mixed', plan);
    expect(rollouts.of('mixed')).toBeDefined();
  });
});

describe('the next start', () => {
  /** Starts over one state, each of which has read the file of the model. */
  function starts() {
    const kept = new Map<string, string>();
    const memory: RolloutMemory = {
      read: async (model) => {
        const content = kept.get(model);
        return content === undefined ? undefined : JSON.parse(content);
      },
      write: async (model, each) => void kept.set(model, JSON.stringify(each)),
    };
    return async (file: RolloutPlan | undefined) => {
      const started = bench({ memory });
      await started.rollouts.configured('mixed', file);
      return started;
    };
  }

  it('goes on with what the admin interface set, until the file changes', async () => {
    const start = starts();
    const first = await start(plan);
    first.set({ shadow: { variant: 'int8', share: 1 } });
    await first.rollouts.close();
    expect((await start(plan)).state()).toMatchObject({ source: 'api', since: first.state().since });
    const changed = await start(next);
    expect(changed.state()).toMatchObject({ source: 'file', plan: next });
    await changed.rollouts.close();
    expect((await start(next)).state().since).toBe(changed.state().since);
  });

  it('leaves ended what was ended', async () => {
    const start = starts();
    const { rollouts } = await start(plan);
    rollouts.remove('mixed');
    await rollouts.close();
    expect((await start(plan)).rollouts.of('mixed')).toBeUndefined();
  });

  it('begins anew with a model that had left the repository', async () => {
    const start = starts();
    const { rollouts, set } = await start(plan);
    set({ shadow: { variant: 'int8', share: 1 } });
    rollouts.forget('mixed');
    await rollouts.configured('mixed', plan);
    expect(rollouts.describe('mixed').source).toBe('file');
    await rollouts.close();
    expect((await start(plan)).state().source).toBe('file');
  });
});

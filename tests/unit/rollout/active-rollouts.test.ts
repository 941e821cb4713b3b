import { describe, expect, it } from 'vitest';
import { type Code, InferenceError } from '../../../src/errors.ts';
import type { Target } from '../../../src/inference/rollout.ts';
import { parseRollout } from '../../../src/repository/rollout-config.ts';
import { answer, bench, KEYS } from './rollout-fixture.ts';

describe('a request', () => {
  it('that names nothing goes by its key, and the same way every time', () => {
    const { route, set } = bench();
    set({ canaries: [{ variant: 'int8', share: 0.3 }] });
    const first = KEYS.map((key) => route(key).variant.variant);
    expect(KEYS.map((key) => route(key).variant.variant)).toEqual(first);
    const taken = first.filter((variant) => variant === 'int8').length;
    expect(taken).toBeGreaterThan(80);
    expect(taken).toBeLessThan(160);
  });

  it.each([
    [
      'its parameter rollout_key',
      { parameters: new Map([['rollout_key', 'a']]), key: 'x', id: 'y', client: 'z' },
    ],
    ['the key of its transport', { key: 'a', id: 'y', client: 'z' }],
    ['its id', { key: '', id: 'a', client: 'z' }],
    ['its client', { key: '', client: 'a' }],
  ])('is kept on its arm by %s', (_, more) => {
    const { route, set } = bench();
    set({ canaries: [{ variant: 'int8', share: 0.5 }] });
    for (const letter of KEYS) {
      const named = Object.fromEntries(
        Object.entries(more).map(([name, value]) => [
          name,
          value instanceof Map ? new Map([['rollout_key', letter]]) : value === 'a' ? letter : value,
        ]),
      );
      expect(route('', named).variant.variant).toBe(route(letter).variant.variant);
    }
  });

  it('that names a version or a variant is not touched', () => {
    const { route, set } = bench();
    set({ canaries: [{ variant: 'int8', share: 1 }] });
    expect(route('a').variant.variant).toBe('int8');
    expect(route('a', { version: '1' })).not.toHaveProperty('arm');
    expect(route('a', { model: 'mixed@distilled' }).variant.variant).toBe('distilled');
    expect(route('a', { parameters: new Map([['variant', 'default']]) }).variant.variant).toBe('default');
  });

  it("with a floor that the canary does not reach is the baseline's", () => {
    const { route, set } = bench();
    set({ canaries: [{ variant: 'int8', share: 1 }] });
    // Nothing was measured of these variants.
    expect(route('a', { parameters: new Map([['min_accuracy', 0.5]]) }).variant.variant).toBe('default');
    expect(route('a', { parameters: new Map([['max_accuracy_loss', 'x']]) }).variant.variant).toBe('default');
    expect(route('a', { parameters: new Map([['min_accuracy', 0]]) }).variant.variant).toBe('int8');
  });

  it('stays in its version, unless it is in the canary of another', () => {
    const { route, set } = bench();
    set({ baselineVersion: 1, canaries: [{ version: 2, share: 0.5 }] }, 'add');
    const versions = KEYS.map((key) => route(key, { model: 'add' }).served.version);
    expect(new Set(versions)).toEqual(new Set(['1', '2']));
  });
});

describe('a plan', () => {
  const target = { variant: 'int8', share: 0.5 };
  it.each<[string, unknown, RegExp]>([
    ['nothing', {}, /needs 'canaries', 'shadow' or both/],
    ['no object', [], /expected object/],
    ['an unknown key', { canaries: [target], canary: [] }, /unknown key 'canary'/],
    ['a share of 0', { canaries: [{ variant: 'int8', share: 0 }] }, /'canaries.0.share': must be above 0/],
    ['a share above 1', { canaries: [{ variant: 'int8', share: 1.1 }] }, /must be above 0 and at most 1/],
    ['a share that is no number', { canaries: [{ variant: 'int8', share: Number.NaN }] }, /must be a number/],
    ['a share as text', { canaries: [{ variant: 'int8', share: '0.5' }] }, /must be a number/],
    ['no share', { canaries: [{ variant: 'int8' }] }, /'canaries.0.share': must be a number/],
    ['no target', { canaries: [{ share: 0.5 }] }, /needs 'version', 'variant' or both/],
    [
      'shares above 1 together',
      {
        canaries: [
          { variant: 'int8', share: 0.7 },
          { variant: 'distilled', share: 0.7 },
        ],
      },
      /the shares sum to 1.4, above 1/,
    ],
    ['a target twice', { canaries: [target, target] }, /'canaries.1': is the same target as one before it/],
    [
      'a target twice under two names',
      { canaries: [target, { version: 1, variant: 'int8', share: 0.1 }] },
      /^canaries.1: version 1, variant 'int8' and variant 'int8' are the same variant/,
    ],
    [
      'an unknown variant',
      { canaries: [{ variant: 'int4', share: 0.1 }] },
      /^canaries.0: .* has no variant 'int4', it has default, int8/,
    ],
    [
      'an unknown version',
      { canaries: [target, { version: 7, share: 0.1 }] },
      /^canaries.1: version 7 .* is not loaded, READY are 1; 'versionPolicy' must be "all"/,
    ],
    [
      'an unknown baseline',
      { baselineVersion: 7, canaries: [target] },
      /^baselineVersion: version 7 .* is not loaded/,
    ],
    ['a version that is none', { canaries: [{ version: '01', share: 0.1 }] }, /is not a version/],
    [
      'the default as a canary',
      { canaries: [{ variant: 'default', share: 0.1 }] },
      /is what answers already/,
    ],
    [
      'the default as a shadow',
      { shadow: { version: 1, share: 0.1 } },
      /^shadow: .* 'baselineVersion' says which/,
    ],
    ['a bound below 0', { canaries: [target], guard: { minAgreement: -1 } }, /guard.minAgreement/],
    ['a ratio below 1', { canaries: [target], guard: { maxLatencyRatio: 0.5 } }, /guard.maxLatencyRatio/],
    [
      'a bound on agreement that nothing is compared for',
      { canaries: [target], compare: 0, guard: { minAgreement: 0.9 } },
      /'guard.minAgreement': needs 'compare' above 0/,
    ],
    [
      'bounds without a canary',
      { shadow: target, guard: { maxErrorRate: 0.1, maxLatencyRatio: 2 } },
      /'guard.maxErrorRate': needs 'canaries', .*'guard.maxLatencyRatio': needs 'canaries'/,
    ],
    ['nine canaries', { canaries: Array.from({ length: 9 }, () => target) }, /canaries/],
  ])('with %s is refused', (_, plan, message) => {
    const { set, rollouts } = bench();
    expect(() => set(plan)).toThrow(message);
    expect(rollouts.of('mixed')).toBeUndefined();
  });

  it('may share out everything, whatever decimals do to the sum', () => {
    const shares = [0.1, 0.2, 0.7];
    const plan = parseRollout({ canaries: shares.map((share, index) => ({ variant: `v${index}`, share })) });
    expect(plan.canaries.map(({ share }) => share)).toEqual(shares);
  });

  it('for a model that is not there is not found, and neither is a rollout that was not set', () => {
    const { set, rollouts } = bench();
    expect(() => set({ canaries: [target] }, 'nobody')).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    );
    expect(() => rollouts.describe('mixed')).toThrow("model 'mixed' has no rollout");
    expect(() => rollouts.remove('nobody')).toThrow(expect.objectContaining({ code: 'not_found' }));
  });
});

describe('a canary', () => {
  const GUARDED = {
    canaries: [{ variant: 'int8', share: 0.5 }],
    compare: 1,
    guard: { minAgreement: 0.9, maxErrorRateIncrease: 0.05, maxLatencyRatio: 2, minRequests: 100 },
  };

  it.each<[string, (target: Target) => void, string]>([
    ['fails', ({ arm }) => arm?.failed(new InferenceError('internal', 'the model failed'), 1), 'error_rate'],
    ['is slow', (target) => target.arm?.answered(answer(target, 50)), 'latency'],
    [
      'is refused for what it would take',
      ({ arm }) =>
        arm?.failed(new InferenceError('deadline_exceeded', 'too slow', { reason: 'infeasible' }), 50),
      'latency',
    ],
  ])('that %s is rolled back, and its keys go to the baseline for good', async (_, misbehave, bound) => {
    const { route, set, state, rollouts } = bench();
    set(GUARDED);
    const bad = KEYS.filter((key) => route(key).variant.variant === 'int8');
    for (let round = 0; round < 3; round++) {
      for (const key of KEYS) {
        const target = route(key);
        if (target.variant.variant === 'default') target.arm?.answered(answer(target));
        else misbehave(target);
      }
    }
    expect(bad.length).toBeGreaterThan(100);
    expect(bad.map((key) => route(key).variant.variant)).toEqual(bad.map(() => 'default'));
    expect(state()).toMatchObject({ state: 'rolled_back' });
    expect(state().canaries[0]).toMatchObject({ state: 'rolled_back', share: 0 });
    expect(state().canaries[0]?.reason).toMatch(new RegExp(`^${bound}: `));
    expect(rollouts.rollbacks()).toContainEqual({ model: 'mixed', bound, count: 1 });
    await rollouts.configured('mixed', undefined);
    expect(state().state).toBe('rolled_back');
    set(GUARDED);
    expect(state()).toMatchObject({
      state: 'active',
      canaries: [{ share: 0.5, requests: { ok: 0, error: 0 } }],
    });
  });

  it.each<[Code, Partial<{ reason: 'draining' | 'overload' }>]>([
    ['invalid_argument', {}],
    ['canceled', {}],
    ['payload_too_large', {}],
    ['not_found', {}],
    ['resource_exhausted', { reason: 'overload' }],
    ['unavailable', { reason: 'draining' }],
  ])('is not blamed for %s %j', (code, details) => {
    const { route, set, state } = bench();
    set(GUARDED);
    for (const key of KEYS) {
      const target = route(key);
      if (target.arm?.canary === true) target.arm.failed(new InferenceError(code, 'no', details), 900);
      else target.arm?.answered(answer(target));
    }
    expect(state()).toMatchObject({ state: 'active', canaries: [{ requests: { error: 0, ok: 0 } }] });
  });

  it.each<[string, object, (target: Target, turn: number) => void]>([
    [
      'error_rate',
      { maxErrorRateIncrease: 0.05 },
      (target, turn) => {
        if (turn % 2 === 0) target.arm?.answered(answer(target));
        else target.arm?.failed(new InferenceError('internal', 'the model failed'), 1);
      },
    ],
    ['latency', { maxLatencyRatio: 2 }, (target) => target.arm?.answered(answer(target, 50))],
  ])('of nearly all requests is rolled back for its %s too', (bound, guard, misbehave) => {
    const { route, set, state } = bench();
    set({ canaries: [{ variant: 'int8', share: 0.97 }], guard });
    for (let turn = 0; turn < 12_000; turn++) {
      const target = route(`key-${turn}`);
      if (target.arm?.canary === true) misbehave(target, turn);
      else target.arm?.answered(answer(target));
    }
    expect(state().canaries[0]?.reason).toMatch(new RegExp(`^${bound}: `));
  });

  it('is compared with what the baseline has become', () => {
    const { route, set, state } = bench();
    set({ canaries: [{ variant: 'int8', share: 0.9 }], guard: { maxLatencyRatio: 2 } });
    const ask = (requests: number, baseline: number) => {
      for (let turn = 0; turn < requests; turn++) {
        const target = route(`key-${turn}`);
        target.arm?.answered(answer(target, target.arm.canary ? 50 : baseline));
      }
    };
    ask(12_000, 50);
    expect(state().state).toBe('active');
    ask(12_000, 5);
    expect(state().canaries[0]?.reason).toMatch(/^latency: /);
  });

  it('that is late for a while is judged by its latest requests', () => {
    const { route, set, state } = bench();
    set({ canaries: [{ variant: 'int8', share: 1 }] });
    for (const milliseconds of [900, 1]) {
      for (let turn = 0; turn < 2000; turn++) {
        route('a').arm?.failed(new InferenceError('deadline_exceeded', 'too slow'), milliseconds);
      }
    }
    expect(state().canaries[0]?.p95Ms).toBeLessThan(2);
  });

  it('is not slow for having fewer answers in the response cache than the baseline', () => {
    const { route, set, state } = bench();
    set({ canaries: [{ variant: 'int8', share: 0.1 }], guard: { maxLatencyRatio: 2 } });
    for (let turn = 0; turn < 12_000; turn++) {
      const target = route(`key-${turn}`);
      const run = answer(target);
      const cached = { ...run, milliseconds: 0.05, result: { ...run.result, reuse: 'cached' as const } };
      target.arm?.answered(target.arm.canary || turn % 50 === 0 ? run : cached);
    }
    expect(state()).toMatchObject({ state: 'active', canaries: [{ requests: { error: 0 } }] });
  });

  it('is not blamed for deadlines that nobody could keep', () => {
    const { route, set, state } = bench();
    set(GUARDED);
    for (const key of [...KEYS, ...KEYS]) {
      const target = route(key);
      target.arm?.answered(answer(target));
      if (target.arm?.canary === true) {
        for (let index = 0; index < 5; index++) {
          target.arm.failed(new InferenceError('deadline_exceeded', 'late', { reason: 'infeasible' }), 0.001);
        }
      }
    }
    expect(state().state).toBe('active');
  });

  it('whose answers cannot be computed again for lack of capacity is told of in the dropped runs', () => {
    const { route, set, state } = bench();
    set(GUARDED);
    const target = KEYS.map((key) => route(key)).find(({ arm }) => arm?.canary === true);
    if (target !== undefined) target.arm?.answered(answer(target));
    expect(state().canaries[0]?.comparison.runs).toEqual({ compared: 0, dropped: 1, failed: 0 });
  });
});

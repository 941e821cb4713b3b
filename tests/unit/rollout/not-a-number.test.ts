import { describe, expect, it } from 'vitest';
import { holdsNaN } from '../../../src/rollout/not-a-number.ts';
import type { Datatype, NumericData } from '../../../src/tensor/datatype.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';
import { floatTensor, tensors } from '../../support/tensors.ts';
import { answer, bench, KEYS } from './rollout-fixture.ts';

const halves = (...values: number[]) => new Uint16Array(Float16Array.from(values).buffer);
const holds = (datatype: Datatype, data: NumericData | string[]) =>
  holdsNaN(new Map([['y', makeTensor(datatype, [data.length], data)]]));

it.each<[Datatype, NumericData, NumericData]>([
  ['FP32', Float32Array.of(1, Number.NaN), Float32Array.of(-Infinity, Infinity)],
  ['FP64', Float64Array.of(1, Number.NaN), Float64Array.of(-Infinity, Infinity)],
  ['FP16', halves(1, Number.NaN), halves(-Infinity, Infinity)],
  ['BF16', Uint16Array.of(0x3f80, 0xff81), Uint16Array.of(0xff80, 0x7f80)],
])('a NaN of %s is found, infinity is a number', (datatype, broken, sound) => {
  expect(holds(datatype, broken)).toBe(true);
  expect(holds(datatype, sound)).toBe(false);
});

it('bits that are NaN in another datatype are not looked at', () => {
  expect(holds('UINT16', Uint16Array.of(0xffff))).toBe(false);
  expect(holds('INT64', BigInt64Array.of(-1n))).toBe(false);
  expect(holds('BYTES', ['NaN'])).toBe(false);
});

it('every output is looked at', () => {
  const outputs = tensors({ a: floatTensor([1], 1), b: floatTensor([1], Number.NaN) });
  expect(holdsNaN(outputs)).toBe(true);
  expect(holdsNaN(new Map())).toBe(false);
});

describe('a rollout', () => {
  const GUARDED = {
    canaries: [{ variant: 'int8', share: 0.5 }],
    guard: { maxErrorRateIncrease: 0.05, minRequests: 100 },
  };

  /** Answers with `value` for the canary alone, or for everyone, in a rollout of `plan`. */
  function answered(plan: object, value: number, who: 'canary' | 'all') {
    const { route, set, state } = bench();
    set(plan);
    const outputs = tensors({ SUM: floatTensor([1, 4], [1, 2, 3, value]) });
    for (const key of KEYS) {
      const target = route(key);
      const run = answer(target);
      const odd = who === 'all' || target.arm?.canary === true;
      target.arm?.answered(odd ? { ...run, result: { ...run.result, outputs } } : run);
    }
    return state();
  }

  it('takes the NaNs of a canary for faults', () => {
    const { canaries, baseline } = answered(GUARDED, Number.NaN, 'canary');
    expect(canaries).toMatchObject([
      { state: 'rolled_back', reason: expect.stringMatching(/^error_rate: /), errorRate: 1, p95Ms: null },
    ]);
    expect(canaries[0]?.requests).toMatchObject({ ok: 0, refused: 0 });
    expect(baseline.requests.error).toBe(0);
  });

  it('counts those of the baseline too', () => {
    expect(answered(GUARDED, Number.NaN, 'all')).toMatchObject({
      canaries: [{ state: 'active', errorRate: 1 }],
      baseline: { errorRate: 1, requests: { ok: 0 } },
    });
  });

  it('takes infinity for a number', () => {
    expect(answered(GUARDED, Infinity, 'canary').canaries).toMatchObject([{ state: 'active', errorRate: 0 }]);
  });

  it('tells of a difference to what is no number in a form that JSON has', () => {
    const { rollouts, set, state } = bench();
    set({ canaries: [{ variant: 'int8', share: 0.5 }], shadow: { variant: 'distilled', share: 1 } });
    const rollout = rollouts.of('mixed');
    for (const record of [rollout?.shadow, rollout?.canaries[0]?.comparisons]) {
      record?.compared({ rows: 1, agreed: 0, largestDifference: Infinity });
    }
    const comparison = { largestDifference: 'Infinity' };
    expect(JSON.parse(JSON.stringify(state()))).toMatchObject({
      canaries: [{ comparison }],
      shadow: { comparison },
    });
  });

  it('looks for none where there is no canary', () => {
    const { baseline } = answered({ shadow: { variant: 'int8', share: 1 } }, Number.NaN, 'all');
    expect(baseline.requests).toEqual({ ok: KEYS.length, error: 0, refused: 0 });
  });
});

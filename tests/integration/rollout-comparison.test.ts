import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RolloutDescription } from '../../src/rollout/describe-rollout.ts';
import { identityModel, mlpModel, poisonModel, rootModel } from '../support/onnx/models.ts';
import { KEYS, type RolloutServer, requestOf, rowOf, startRolloutServer } from '../support/rollout-server.ts';
import { fp32Request } from '../support/start-server.ts';

let server: RolloutServer;

/** Answers of one model, those of another seed differ. */
const mlp = (seed = 1): Buffer => mlpModel({ seed });

beforeAll(async () => {
  server = await startRolloutServer({
    'mlp/1/model.onnx': mlp(),
    'mlp/1/model_same.onnx': mlp(),
    'mlp/1/model_other.onnx': mlp(2),
    'mlp/1/model_open.onnx': mlpModel({ seed: 2, open: true }),
    'versions/1/model.onnx': mlp(),
    'versions/2/model.onnx': mlp(2),
    'versions/model.json': JSON.stringify({ versionPolicy: 'all' }),
    'alone/1/model.onnx': mlp(),
    'alone/1/model_lone.onnx': mlp(),
    'alone/model.json': JSON.stringify({ variantSettings: { lone: { batching: 'off' } } }),
    'batched/1/model.onnx': mlp(),
    'batched/1/model_many.onnx': mlp(),
    'batched/model.json': JSON.stringify({ variantSettings: { default: { batching: 'off' } } }),
    'number/1/model.onnx': identityModel('FP32'),
    'number/1/model_root.onnx': rootModel(),
    'table/1/model.onnx': poisonModel(16),
    'table/1/model_small.onnx': poisonModel(8),
  });
});

afterAll(() => server[Symbol.asyncDispose]());

const MODELS = ['mlp', 'versions', 'alone', 'batched', 'number', 'table'];
beforeEach(() => Promise.all(MODELS.map((model) => server.admin(model, 'DELETE'))));

describe('a shadow', () => {
  const series = (name: string, labels = '') =>
    `${name}{model="mlp",arm="shadow",version="",variant="other"${labels}}`;

  it('compares its answers with those the clients got, who notice nothing', async () => {
    await server.set('mlp', { shadow: { variant: 'other', share: 1 } });
    const asked = 'sluice_requests_total{model="mlp",version="1",variant="other",code="ok"}';
    const before = await server.test.metric(asked);
    const now = await server.askUntil('mlp', ({ shadow }) => (shadow?.comparison.runs.compared ?? 0) >= 20);
    expect(now.shadow?.comparison).toMatchObject({ runs: { failed: 0 } });
    const { agreement, largestDifference } = now.shadow?.comparison ?? {};
    expect(agreement?.ratio).toBeLessThan(0.9);
    expect(agreement?.lower).toBeLessThan(agreement?.ratio ?? 0);
    expect(agreement?.upper).toBeGreaterThan(agreement?.ratio ?? 1);
    expect(largestDifference).toBeGreaterThan(0.1);
    expect(await server.test.metric(asked)).toBe(before);
    expect(
      await server.test.metric(series('sluice_shadow_runs_total', ',result="compared"')),
    ).toBeGreaterThanOrEqual(20);
    // Shadow runs end after the answers: the two are of one count once the last of them has.
    await expect
      .poll(async () => {
        const ratio = await server.test.metric(series('sluice_shadow_agreement_ratio'));
        return (ratio ?? -1) - ((await server.state('mlp')).shadow?.comparison.agreement?.ratio ?? 2);
      })
      .toBeCloseTo(0);
    expect(await server.test.metric(series('sluice_shadow_largest_difference'))).toBeGreaterThan(0.1);
  });

  it('of the same weights agrees in everything', async () => {
    await server.set('mlp', { shadow: { variant: 'same', share: 1 } });
    const now = await server.askUntil('mlp', ({ shadow }) => (shadow?.comparison.runs.compared ?? 0) >= 10);
    expect(now.shadow?.comparison).toMatchObject({ agreement: { ratio: 1, upper: 1 }, largestDifference: 0 });
  });

  it('that fails fails alone', async () => {
    await server.set('table', { shadow: { variant: 'small', share: 1 } });
    const index = (at: number) => ({
      inputs: [{ name: 'index', datatype: 'INT64', shape: [1, 1], data: [at] }],
    });
    const now = await server.askUntil(
      'table',
      ({ shadow }) => (shadow?.comparison.runs.failed ?? 0) >= 5,
      () => index(12),
    );
    expect(now.baseline.requests).toMatchObject({ error: 0, refused: 0 });
  });

  it('is dropped under load, and no live request fails for it', async () => {
    await server.set('mlp', { shadow: { variant: 'other', share: 1 } });
    const wave = () =>
      Promise.all(Array.from({ length: 100 }, (_, seed) => server.infer('mlp', 'a', requestOf(seed))));
    const answers = [...(await wave()), ...(await wave())];
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const { shadow, baseline } = await server.state('mlp');
    expect(baseline.requests).toEqual({ ok: 200, error: 0, refused: 0 });
    expect(shadow?.comparison.runs.dropped).toBeGreaterThan(0);
  });
});

describe.each([
  ['an unbatched one', 'alone', { variant: 'lone', share: 1 }],
  ['a batched one beside an unbatched baseline', 'batched', { variant: 'many', share: 1 }],
])('of the same weights, %s', (_, model, target) => {
  it.each([
    ['canary', { canaries: [target], guard: { minAgreement: 0.95, minComparisons: 10 } }],
    ['shadow', { shadow: target }],
  ])('agrees in every row of a request as a %s', async (arm, plan) => {
    await server.set(model, plan);
    const comparisonOf = ({ canaries, shadow }: RolloutDescription) =>
      arm === 'shadow' ? shadow?.comparison : canaries[0]?.comparison;
    // The second request has more rows than a batch may have.
    const sizes = [3, 40];
    const now = await server.askUntil(
      model,
      (each) => each.state === 'rolled_back' || (comparisonOf(each)?.runs.compared ?? 0) >= 20,
      (round) => {
        const rows = Array.from({ length: sizes[round % 2] ?? 1 }, (_, row) => rowOf(round + row));
        return JSON.parse(fp32Request({ x: rows }));
      },
    );
    expect(now.state).toBe('active');
    expect(comparisonOf(now)).toMatchObject({ runs: { failed: 0 }, agreement: { ratio: 1 } });
    expect(comparisonOf(now)?.rows).toBeGreaterThan(60);
    expect(comparisonOf(now)?.largestDifference).toBeLessThan(1e-4);
  });
});

describe('a canary is rolled back', () => {
  it('when its answers are others, of the outputs that both give', async () => {
    await server.set('mlp', {
      canaries: [{ variant: 'open', share: 0.5 }],
      guard: { minAgreement: 0.95, minComparisons: 10 },
    });
    const outputs = [{ name: 'logits' }, { name: 'hidden' }];
    const now = await server.askUntil(
      'mlp',
      (each) => each.state === 'rolled_back',
      (round) => ({ ...requestOf(round), ...(round % 2 === 0 ? {} : { outputs }) }),
    );
    expect(now.canaries[0]?.comparison.runs).toMatchObject({ failed: 0 });
  });

  it('when its answers are others than those of the baseline', async () => {
    const plan = {
      canaries: [{ variant: 'other', share: 0.5 }],
      guard: { minAgreement: 0.95, minComparisons: 10 },
    };
    const rollbacks = () => server.test.metric('sluice_rollbacks_total{model="mlp",bound="agreement"}');
    const before = await rollbacks();
    await server.set('mlp', plan);
    const now = await server.askUntil('mlp', (each) => each.state === 'rolled_back');
    expect(now.canaries[0]).toMatchObject({
      state: 'rolled_back',
      share: 0,
      reason: expect.stringMatching(/^agreement: it agrees with the baseline in .* minAgreement is 95 %$/),
    });
    expect(new Set(await server.askAll('mlp'))).toEqual(new Set(['default']));
    expect(await rollbacks()).toBe(before + 1);
    expect(
      await server.test.metric(
        'sluice_rollout_state{model="mlp",version="",variant="other",state="rolled_back"}',
      ),
    ).toBe(1);
    await server.set('mlp', plan);
    expect(new Set(await server.askAll('mlp'))).toEqual(new Set(['default', 'other']));
  });

  it('not when they are', async () => {
    await server.set('mlp', {
      canaries: [{ variant: 'same', share: 0.5 }],
      guard: { minAgreement: 0.95, minComparisons: 10 },
    });
    const now = await server.askUntil(
      'mlp',
      ({ canaries }) => (canaries[0]?.comparison.runs.compared ?? 0) >= 20,
    );
    expect(now).toMatchObject({ state: 'active', canaries: [{ comparison: { agreement: { ratio: 1 } } }] });
  });

  it('not for requests without a row', async () => {
    await server.set('mlp', {
      canaries: [{ variant: 'same', share: 1 }],
      guard: { minAgreement: 0.95, minComparisons: 10 },
    });
    const empty = { inputs: [{ name: 'x', datatype: 'FP32', shape: [0, 16], data: [] }] };
    expect((await server.infer('mlp', 'a', empty)).status).toBe(200);
    const now = await server.askUntil(
      'mlp',
      ({ state, canaries }) => state === 'rolled_back' || (canaries[0]?.comparison.runs.compared ?? 0) >= 20,
    );
    expect(now).toMatchObject({ state: 'active', canaries: [{ comparison: { agreement: { ratio: 1 } } }] });
  });

  it('when its answers are not numbers, whatever the client gets of them', async () => {
    const canaries = [{ variant: 'root', share: 0.5 }];
    const guard = { maxErrorRateIncrease: 0.05, minRequests: 20 };
    const negative = JSON.parse(fp32Request({ x: [[-1, -1, -1]] }));
    await server.set('number', { canaries, compare: 0, guard });
    const now = await server.askUntil(
      'number',
      (each) => each.state === 'rolled_back',
      () => negative,
    );
    expect(now.canaries[0]).toMatchObject({
      reason: expect.stringMatching(/^error_rate: /),
      requests: { ok: 0, refused: 0 },
    });
    expect(now.baseline.requests.error).toBe(0);
    await server.set('number', { canaries: [{ variant: 'root', share: 1 }] });
    expect((await server.infer('number', 'a', negative)).status).toBe(400);
    const binary = { ...negative, outputs: [{ name: 'y', parameters: { binary_data: true } }] };
    expect((await server.infer('number', 'a', binary)).status).toBe(200);
  });

  it('when it fails where the baseline does not, but not for what clients do wrong', async () => {
    const guard = { maxErrorRateIncrease: 0.05, minRequests: 20 };
    await server.set('table', { canaries: [{ variant: 'small', share: 0.5 }], compare: 0, guard });
    const index = (at: unknown, name = 'index') => ({
      inputs: [{ name, datatype: 'INT64', shape: [1, 1], data: [at] }],
    });
    for (const key of [...KEYS, ...KEYS, ...KEYS]) {
      expect((await server.infer('table', key, index(1, 'unknown'))).status).toBe(400);
      const late = { ...index(1), parameters: { timeout: 1 } };
      expect((await server.infer('table', key, late)).status).toBe(504);
    }
    expect(await server.state('table')).toMatchObject({
      state: 'active',
      canaries: [{ requests: { ok: 0, error: 0 } }],
    });
    const now = await server.askUntil(
      'table',
      (each) => each.state === 'rolled_back',
      () => index(12) as never,
    );
    expect(now.canaries[0]?.reason).toMatch(/^error_rate: /);
    expect(now.baseline.requests.error).toBe(0);
  });
});

describe('the rollout of a model.json', () => {
  const reload = () => fetch(`${server.test.rest}/v2/repository/models/versions/load`, { method: 'POST' });
  const write = (rollout: object | undefined) =>
    server.test.write({ 'versions/model.json': JSON.stringify({ versionPolicy: 'all', rollout }) });

  it('counts from its next load on, opens no file again, and is not undone by a reload', async () => {
    await write({
      baselineVersion: 1,
      canaries: [{ version: 2, share: 1 }],
      guard: { minAgreement: 1, minComparisons: 5 },
    });
    const loads = 'sluice_model_loads_total{model="versions",version="1",result="ready"}';
    const before = await server.test.metric(loads);
    expect(before).toBeGreaterThan(0);
    expect((await reload()).status).toBe(200);
    expect(await server.test.metric(loads)).toBe(before);
    expect((await server.infer('versions', 'a')).headers.get('x-sluice-version')).toBe('2');
    await server.askUntil('versions', (each) => each.state === 'rolled_back');
    expect((await reload()).status).toBe(200);
    expect(await server.state('versions')).toMatchObject({ state: 'rolled_back', source: 'file' });
    expect(new Set(await server.askAll('versions', 'x-sluice-version'))).toEqual(new Set(['1']));
    await write(undefined);
    expect((await reload()).status).toBe(200);
    expect(new Set(await server.askAll('versions', 'x-sluice-version'))).toEqual(new Set(['2']));
  });

  it('that is wrong is an error of the load, and what was loaded goes on', async () => {
    await write({ canaries: [{ version: 1, share: 2 }] });
    const refused = await reload();
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("'rollout.canaries.0.share': must be above 0 and at most 1");
    await write(undefined);
    expect((await reload()).status).toBe(200);
  });
});

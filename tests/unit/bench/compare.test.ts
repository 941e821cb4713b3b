import { expect, test } from 'vitest';
import { compareResults, comparisonText, undecidedText } from '../../../bench/report/compare.ts';
import { differencesText } from '../../../bench/report/differences.ts';
import { parseResult } from '../../../bench/report/read-result.ts';
import type { Point, RateLimit } from '../../../bench/suite/result.ts';
import { histogramOf, pointOf, resultOf } from './result-fixture.ts';

const verdicts = (before: Point, after: Point): Record<string, string> =>
  Object.fromEntries(
    compareResults(resultOf(before), resultOf(after)).map(({ figure, verdict }) => [figure, verdict]),
  );

test('a clear change counts, in the direction each figure has', () => {
  expect(verdicts(pointOf([100, 101, 99], 10), pointOf([120, 121, 119], 12))).toEqual({
    'rows/s': 'better',
    p50: 'worse',
    p99: 'worse',
  });
});

test('a change within the noise, or within the tolerance, is none', () => {
  expect(verdicts(pointOf([98, 100, 102]), pointOf([97, 99, 101]))['rows/s']).toBe('same');
  expect(verdicts(pointOf([100, 100.1, 99.9]), pointOf([99, 99.1, 98.9]))['rows/s']).toBe('same');
});

test('with ceilings on both sides, throughput is judged against them: a slower machine is no regression', () => {
  const before = pointOf([90, 91, 89], 10, { ceilings: [100, 102, 98] });
  const after = pointOf([45, 45.5, 44.5], 10, { ceilings: [50, 51, 49] });
  expect(verdicts(before, after)).toEqual({ 'rows/s to ceiling': 'same', p50: 'same', p99: 'same' });
});

test('a ceiling is as noisy as what is measured beside it, and makes no verdict sure that it makes', () => {
  const beside = (...ceilings: number[]) => pointOf([90, 90.5, 89.5], 10, { ceilings });
  const before = beside(100, 104, 98, 102);
  expect(verdicts(before, beside(112, 99, 118, 101))['rows/s to ceiling']).toBe('undecided');
  expect(verdicts(before, beside(150, 156, 148, 152))['rows/s to ceiling']).toBe('worse');
});

test('a ratio to the ceiling of other sessions is not judged, and the output says why', () => {
  const of = (sessions: number, point: Point) => ({ ...resultOf(point), ceiling: { sessions, ...BARE } });
  const BARE = { bestBatch: 8, p50: 1 };
  const [before, after] = [100, 50].map((ceiling) =>
    pointOf([45, 45.5, 44.5], 10, { ceilings: [ceiling, ceiling + 1] }),
  ) as [Point, Point];
  const [ratio, p50] = compareResults(of(2, before), of(1, after));
  expect(ratio).toMatchObject({ figure: 'rows/s to ceiling', verdict: 'not judged' });
  expect(ratio?.why).toBe('the ceiling is of 2 sessions before, of 1 now');
  expect(p50?.verdict).toBe('same');
  expect(compareResults(of(2, before), of(2, after))[0]?.verdict).toBe('better');
  expect(differencesText(of(2, before), of(1, after))).toBe(
    'NOT ALIKE: sessions of the ceiling: 2 before, 1 now\n',
  );
  const headline = { name: 'rate', unit: 'requests/s', value: 45 };
  const searched = (point: Point): Point => ({ ...point, scenario: 'server', headline });
  expect(compareResults(of(2, searched(before)), of(1, searched(after)))[0]).toMatchObject({
    ...{ figure: 'rate to ceiling', verdict: 'not judged' },
  });
});

test('a load of a rate that is set is not judged against the ceiling: a faster machine answers no more', () => {
  const at = (ceilings: number[]) => pointOf([100, 101, 99], 10, { scenario: 'rate', ceilings });
  expect(verdicts(at([500, 501]), at([600, 601]))).toEqual({ 'rows/s': 'same', p50: 'same', p99: 'same' });
});

test('how many requests of an open load went is chance, and no change', () => {
  const open = (sent: readonly number[], share: number): Point => {
    const point = pointOf(sent.map((each) => each * share));
    return { ...point, windows: point.windows.map((each, index) => ({ ...each, sent: sent[index] ?? 0 })) };
  };
  const before = open([80, 110, 100], 1);
  expect(verdicts(before, open([120, 90, 75], 1))['rows/s']).toBe('same');
  expect(verdicts(before, open([120, 90, 75], 0.8))['rows/s']).toBe('worse');
});

test('searches for a rate are compared by what they found, not by the latencies at different rates', () => {
  const found = (rate: number | undefined, p50 = 10, changes: Partial<Point> = {}): Point => {
    const headline = { name: 'rate', unit: 'requests/s', ...(rate === undefined ? {} : { value: rate }) };
    const each = rate ?? 1;
    return pointOf([each, each, each], p50, { scenario: 'server', headline, ...changes });
  };
  expect(verdicts(found(200), found(300, 15))).toEqual({ rate: 'better' });
  expect(verdicts(found(300), found(200, 5))).toEqual({ rate: 'worse' });
  expect(verdicts(found(200), found(208))).toEqual({ rate: 'same' });
  expect(verdicts(found(200), found(undefined))).toEqual({ rate: 'worse' });
  expect(verdicts(found(undefined), found(undefined))).toEqual({ rate: 'not judged' });
  const none = { invalid: ['no rate that was tried kept the bound'] };
  const limitedBy = (limit: RateLimit, point: Point): Point => ({
    ...point,
    headline: { name: 'rate', unit: 'requests/s', ...point.headline, limit },
  });
  const nothing = limitedBy('server', found(undefined, 10, none));
  expect(verdicts(found(200), nothing)).toEqual({ rate: 'worse' });
  expect(verdicts(nothing, found(200))).toEqual({ rate: 'better' });
  expect(verdicts(found(200), limitedBy('generator', found(undefined, 10, none)))).toEqual({
    rate: 'not judged',
  });
  expect(verdicts(limitedBy('server', found(200)), limitedBy('server', found(300)))).toEqual({
    rate: 'better',
  });
  for (const limit of ['generator', 'search'] as const) {
    expect(verdicts(found(200), limitedBy(limit, found(300)))).toEqual({ rate: 'not judged' });
    expect(verdicts(limitedBy(limit, found(300)), found(200))).toEqual({ rate: 'not judged' });
  }
  const [half, whole] = [found(100, 10, { ceilings: [50, 50.5] }), found(200, 10, { ceilings: [100, 101] })];
  expect(verdicts(whole, half)).toEqual({ 'rate to ceiling': 'same' });
});

test('new failures are worse, whatever the rest says', () => {
  const failing = pointOf([200, 201, 199], 10, { failures: { 'HTTP 503': 3 } });
  expect(verdicts(pointOf([100, 101, 99]), failing)['failures']).toBe('worse');
});

test('a load that is refused in part is worse where a larger part is, not where a few more are', () => {
  const refused = (failed: number, windows: number): Point => {
    const point = pointOf(Array.from({ length: windows }, () => 100));
    const latency = histogramOf(Array.from({ length: windows * 1000 }, () => 10));
    const each = point.windows.map((window) => ({ ...window, failed }));
    return { ...point, latency, windows: each, failures: { 'HTTP 429': failed * windows } };
  };
  const verdict = (before: Point, after: Point) => verdicts(before, after)['failures'];
  expect(verdict(refused(100, 3), refused(104, 3))).toBeUndefined();
  expect(verdict(refused(100, 3), refused(100, 9))).toBeUndefined();
  expect(verdict(refused(100, 3), refused(200, 3))).toBe('worse');
  expect(verdict(refused(0, 3), refused(1, 3))).toBe('worse');
});

test('an invalid run and a single window are not judged', () => {
  const late = pointOf([50, 51, 49], 10, { invalid: ['late'] });
  expect(verdicts(pointOf([100, 101, 99]), late)).toEqual({
    'rows/s': 'not judged',
    p50: 'not judged',
    p99: 'not judged',
  });
  expect(verdicts(pointOf([100]), pointOf([50]))['rows/s']).toBe('not judged');
});

test('what may have changed by more than stable windows differ is undecided, and the output says the bound', () => {
  const noisy = pointOf([75, 90, 115]);
  expect(verdicts(pointOf([80, 100, 120]), noisy)['rows/s']).toBe('undecided');
  const comparisons = compareResults(resultOf(pointOf([80, 100, 120])), resultOf(noisy));
  expect(undecidedText(comparisons, 0.03)).toContain('10 %');
  expect(undecidedText(comparisons, 0.2)).toContain('20 %');
  expect(undecidedText([], 0.03)).toBe('');
});

test('a run that answers nothing any more is worse, even where no failure was counted', () => {
  const nothing = { throughput: 0, rows: 0, invalid: ['no request was answered'] };
  const dead = pointOf([0], Number.NaN, { ...nothing, latency: histogramOf([]) });
  expect(verdicts(pointOf([100, 101, 99]), dead)).toEqual({
    answers: 'worse',
    'rows/s': 'not judged',
    p50: 'not judged',
    p99: 'not judged',
  });
  expect(verdicts(dead, dead)['answers']).toBeUndefined();
});

test('what two runs do not have in common is told: loads of one name may be different ones', () => {
  const before = resultOf(pointOf([1, 2]));
  const [traffic] = before.traffic;
  if (traffic === undefined) throw new Error('no traffic');
  const longer = [{ ...traffic, lengths: { kind: 'fixed', length: 64 } as const }];
  const after = { ...before, started: 'later', target: { ...before.target, protocol: 'grpc' as const } };
  expect(differencesText(before, before)).toBe('');
  expect(differencesText(before, { ...after, traffic: longer }).split('\n')).toEqual([
    'NOT ALIKE: protocol: rest-binary before, grpc now',
    'NOT ALIKE: lengths: {"kind":"fixed","length":8} before, {"kind":"fixed","length":64} now',
    '',
  ]);
});

test('texts and the largest id are what figures depend on, where requests have them', () => {
  const sent = (changes: object) => {
    const result = resultOf(pointOf([1, 2]));
    return { ...result, traffic: result.traffic.map((each) => ({ ...each, ...changes })) };
  };
  const texts = (sha256: string) => sent({ texts: { count: 2, sha256 } });
  expect(differencesText(texts('ab'), texts('ab'))).toBe('');
  expect(differencesText(texts('ab'), texts('cd'))).toBe(
    'NOT ALIKE: texts: {"count":2,"sha256":"ab"} before, {"count":2,"sha256":"cd"} now\n',
  );
  expect(differencesText(sent({}), texts('cd'))).toMatch(/^NOT ALIKE: texts: none before/);
  expect(differencesText(sent({ largestId: 9 }), sent({ largestId: 8 }))).toBe(
    'NOT ALIKE: largest id: 9 before, 8 now\n',
  );
  expect(differencesText(sent({ largestId: 9 }), sent({ lengths: undefined }))).toBe('');
  const file = JSON.stringify(texts('ab'));
  expect(parseResult(file, 'a.json').traffic).toEqual(texts('ab').traffic);
});

test('loads that only one run has are listed', () => {
  const [one, two, three] = ['one', 'two', 'three'].map((label) => pointOf([1, 1], 1, { label }));
  if (!one || !two || !three) throw new Error('no points');
  const lone = compareResults(resultOf(one, two), resultOf(two, three)).filter(
    ({ figure }) => figure === 'load',
  );
  expect(lone.map(({ label, verdict }) => [label, verdict])).toEqual([
    ['one', 'not judged'],
    ['three', 'not judged'],
  ]);
  expect(lone.map(comparisonText)).toEqual([
    expect.stringContaining('missing in the second result'),
    expect.stringContaining('missing in the first result'),
  ]);
});

test('a file that is not a result is refused by name', () => {
  expect(() => parseResult('{', 'a.json')).toThrow('a.json is not JSON');
  expect(() => parseResult('{"format":"else"}', 'a.json')).toThrow(/a\.json is not a result/);
  const result = resultOf(pointOf([1, 2]));
  expect(result).toMatchObject(parseResult(JSON.stringify(result), 'a.json'));
});

test('a result that is damaged is refused by name and field', () => {
  const { windows: _, ...without } = pointOf([1, 2]);
  const read = (point: object) => parseResult(JSON.stringify({ ...resultOf(), points: [point] }), 'a.json');
  expect(() => read({ scenario: 'rate', label: 'concurrency 2' })).toThrow(/a\.json .*'points\.0\.windows'/);
  expect(() => read(without)).toThrow(/a\.json .*'points\.0\.windows'/);
  expect(() => read({ ...without, windows: 'x' })).toThrow(/a\.json .*'points\.0\.windows'/);
});

test('windows without answers have no latency in a file, and are not judged', () => {
  const silent = resultOf(pointOf([0, 0], Number.NaN, { throughput: 0 }));
  const read = parseResult(JSON.stringify(silent), 'a.json');
  const [first] = compareResults(read, read);
  expect(first?.why).toBe('a window without answers');
});

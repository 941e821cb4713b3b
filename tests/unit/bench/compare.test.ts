import { expect, test } from 'vitest';
import { compareResults, parseResult } from '../../../bench/report/compare.ts';
import type { Point } from '../../../bench/suite/result.ts';
import { pointOf, resultOf } from './result-fixture.ts';

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
  expect(verdicts(pointOf([80, 100, 120]), pointOf([75, 90, 115]))['rows/s']).toBe('same');
  expect(verdicts(pointOf([100, 100.1, 99.9]), pointOf([99, 99.1, 98.9]))['rows/s']).toBe('same');
});

test('with ceilings on both sides, throughput is judged against them: a slower machine is no regression', () => {
  const before = pointOf([90, 91, 89], 10, { ceiling: 100 });
  const after = pointOf([45, 45.5, 44.5], 10, { ceiling: 50 });
  expect(verdicts(before, after)).toEqual({ 'rows/s to ceiling': 'same', p50: 'same', p99: 'same' });
});

test('new failures are worse, whatever the rest says', () => {
  const failing = pointOf([200, 201, 199], 10, { failures: { 'HTTP 503': 3 } });
  expect(verdicts(pointOf([100, 101, 99]), failing)['failures']).toBe('worse');
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

test('loads that only one run has are left out', () => {
  expect(compareResults(resultOf(pointOf([1, 1])), resultOf(pointOf([1, 1], 1, { label: 'other' })))).toEqual(
    [],
  );
});

test('a file that is not a result is refused by name', () => {
  expect(() => parseResult('{', 'a.json')).toThrow('a.json is not JSON');
  expect(() => parseResult('{"format":"else"}', 'a.json')).toThrow(/a\.json is not a result/);
  const result = resultOf(pointOf([1, 2]));
  expect(parseResult(JSON.stringify(result), 'a.json')).toEqual(result);
});

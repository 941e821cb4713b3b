import { expect, test } from 'vitest';
import { barText, verdictOf } from '../../../bench/bars/bar.ts';
import { slope } from '../../../bench/machine/memory.ts';

const BAR = { name: 'a case', bar: '95 %', figure: '97 %', met: true };

test('a bar is met or missed, and open where others had the machine', () => {
  expect(verdictOf(BAR)).toBe('met');
  expect(verdictOf({ ...BAR, met: false })).toBe('MISSED');
  expect(verdictOf({ ...BAR, others: 0.1 })).toBe('met');
  expect(verdictOf({ ...BAR, met: false, others: 0.9 })).toBe('unsure');
  expect(verdictOf({ ...BAR, open: 'too short to tell' })).toBe('unsure');
});

test('a bar is missed where requests failed, ours or those of what we are compared to', () => {
  const failing = { ...BAR, figure: 'Infinity times', failures: { 'HTTP 503': 7 } };
  expect(verdictOf(failing)).toBe('MISSED');
  expect(barText(failing)).toContain('FAILED 7 requests: HTTP 503');
  expect(verdictOf({ ...BAR, failures: {} })).toBe('met');
});

test('the table has a line per bar, and its explanation under it', () => {
  const lines = barText({ ...BAR, others: 1.25, open: 'too short', details: ['p50 1 ms'] }).split('\n');
  expect(lines[0]).toMatch(/^unsure +a case +97 % +bar 95 %$/);
  expect(lines.slice(1).map((line) => line.trim())).toEqual([
    'p50 1 ms',
    'others used 1.25 cores meanwhile',
    'too short',
  ]);
});

test('the slope of evenly spaced values is that of their line', () => {
  expect(slope([3, 5, 7, 9])).toBeCloseTo(2, 12);
  expect(slope([5, 5, 5])).toBe(0);
  expect(slope([0, 1, 0, 1, 0])).toBeCloseTo(0, 12);
});

import { expect, test } from 'vitest';
import { throughputLatencyChart } from '../../../bench/report/charts.ts';
import { leftOutText, toCsv } from '../../../bench/report/csv.ts';
import { toHtml } from '../../../bench/report/html.ts';
import { ticksFor } from '../../../bench/report/svg.ts';
import { tableRow } from '../../../bench/report/table.ts';
import { terminalProgress } from '../../../bench/report/terminal.ts';
import type { Scenario } from '../../../bench/suite/result.ts';
import { histogramOf, pointOf, resultOf } from './result-fixture.ts';

const OPEN = { kind: 'open', arrivals: { kind: 'poisson', rate: 50 }, seed: 1 } as const;

test('the CSV has the columns of perf_analyzer, times in microseconds', () => {
  const [head, row] = toCsv(resultOf(pointOf([120]))).split('\n');
  expect(head).toBe(
    'Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,' +
      'Server Compute Infer,Server Compute Output,Client Recv,p50 latency,p90 latency,p95 latency,p99 latency',
  );
  const cells = row?.split(',').map(Number) ?? [];
  expect(cells.slice(0, 9)).toEqual([8, 120, 0, 2250, 1000, 250, 5000, 500, 0]);
  expect(cells[9]).toBeCloseTo(20_000, -2);
});

test('the CSV has no columns of a server that tells nothing: zeros would be measured ones', () => {
  const { stages: _, ...silent } = pointOf([120]);
  const [head, row] = toCsv(resultOf(silent)).split('\n');
  expect(head).toBe(
    'Concurrency,Inferences/Second,Client Send,Client Recv,p50 latency,p90 latency,p95 latency,p99 latency',
  );
  expect(row?.split(',')).toHaveLength(8);
});

test('closed and open loads are tables of their own in the CSV', () => {
  const csv = toCsv(resultOf(pointOf([120]), pointOf([50], 10, { label: 'poisson 50/s', load: OPEN })));
  const [closed, open] = csv.split('\n\n');
  expect(closed).toMatch(/^Concurrency,/);
  expect(open).toMatch(/^Request Rate,.*\n50,50\.00,/);
});

test('a load whose figures must not be used is not in the CSV, and that is said', () => {
  const late = pointOf([500], 10, {
    label: 'late',
    load: OPEN,
    invalid: ['the generator could not keep up'],
  });
  const csv = toCsv(resultOf(pointOf([120]), late));
  expect(csv).toMatch(/^Concurrency,.*\n8,120\.00,[^\n]*\n$/);
  expect(leftOutText(resultOf(pointOf([120]), late))).toBe('not in the CSV, as they are invalid: late\n');
  expect(leftOutText(resultOf(pointOf([120])))).toBe('');
});

test('the HTML report is one page without anything from outside', () => {
  const html = toHtml(resultOf(pointOf([120]), pointOf([150], 20, { label: 'concurrency <16>' })));
  expect(html).not.toMatch(/<script|<img|<link|@import|url\(|https?:\/\/(?!127\.0\.0\.1:1\b)/);
  expect(html).toContain('concurrency &#60;16&#62;');
  expect(html).not.toContain('<fast>');
  expect(html.match(/<svg/g)).toHaveLength(3);
  expect(html).toContain('compute: 5.000 ms');
});

test('the report has what was sent, and no lengths where requests had none', () => {
  const result = resultOf(pointOf([120]));
  expect(toHtml(result)).toContain('m (weight 1, 1 rows, lengths {');
  const texts = { count: 7, sha256: '0123456789abcdef' };
  const traffic = [{ model: 'm', weight: 1, rows: 1, largestId: 50, texts }];
  expect(toHtml({ ...result, traffic })).toContain(
    'm (weight 1, 1 rows, whole numbers below 50, 7 texts, SHA-256 0123456789ab)',
  );
});

test('a report of a server that tells nothing has no stages, and nothing that is not a number', () => {
  const { stages: _, ...silent } = pointOf([120]);
  const nothing = { ...silent, rows: 0, latency: histogramOf([]), invalid: ['no request was answered'] };
  const html = toHtml(resultOf(silent, nothing));
  expect(html).not.toMatch(/NaN|undefined|Infinity/);
  expect(html).not.toContain('Where the time');
  expect(html).toContain('invalid: no request was answered');
});

test('figures that must not be used are in no curve, and no chart is drawn of none', () => {
  const late = pointOf([500], 10, { label: 'late', invalid: ['the generator could not keep up'] });
  const html = toHtml(resultOf(pointOf([120]), late));
  expect(html).toContain('<title>concurrency 8: 120.0 rows/s');
  expect(html).not.toMatch(/<title>late: (500|p)/);
  const nothing = toHtml(resultOf(late));
  expect(nothing).not.toContain('Throughput and latency');
  expect(nothing).not.toContain('Percentiles');
});

test('only loads of one scenario are joined by a line', () => {
  const linesOf = (...scenarios: Scenario[]) =>
    [
      ...throughputLatencyChart(scenarios.map((scenario) => pointOf([9], 10, { scenario }))).matchAll(LINE),
    ].map(([, points = '']) => points.split(' ').length);
  const LINE = /<polyline points="([^"]+)"/g;
  expect(linesOf('rate', 'rate', 'rate')).toEqual([3, 3, 3]);
  expect(linesOf('concurrency', 'concurrency', 'rate')).toEqual([2, 1, 2, 1, 2, 1]);
});

test('loads whose percentiles are not shown are counted', () => {
  const loads = (count: number) =>
    Array.from({ length: count }, (_, index) => pointOf([9], 10, { label: `${index}` }));
  expect(toHtml(resultOf(...loads(8)))).not.toContain('Not shown');
  expect(toHtml(resultOf(...loads(10)))).toContain('Not shown: the other 2 loads.');
});

test('failures stand under their row, with what the server said', () => {
  const failures = { 'HTTP 429': 12, timeout: 1, ECONNRESET: 2 };
  const failureMessages = { 'HTTP 429': 'queue full', timeout: 'no answer' };
  const failing = pointOf([5], 10, { failures, failureMessages });
  const lines = tableRow(failing).split('\n');
  expect(lines).toContain('  FAILED 12 requests: HTTP 429 queue full');
  expect(lines).toContain('  FAILED 1 requests: timeout no answer');
  expect(lines).toContain('  FAILED 2 requests: ECONNRESET');
  expect(toHtml(resultOf(failing))).toContain('2 requests failed: ECONNRESET</span>');
});

test("a server's words cannot move the cursor, end the line or turn the text around", () => {
  const failureMessages = { 'HTTP 500': 'no\u001B[2J\r\n  luck\u202E \u009B1m' };
  const failing = pointOf([5], 10, { failures: { 'HTTP 500': 1 }, failureMessages });
  expect(tableRow(failing).split('\n').at(-1)).toBe('  FAILED 1 requests: HTTP 500 no [2J   luck   1m');
});

test('several requests that count as one are a query', () => {
  const load = { kind: 'closed', concurrency: 1, driver: 'own', together: 8 } as const;
  const failing = pointOf([5], 10, { load, failures: { 'HTTP 429': 17 } });
  expect(tableRow(failing)).toContain('  FAILED 17 queries: HTTP 429');
  expect(toHtml(resultOf(failing))).toContain('17 queries failed: HTTP 429</span>');
});

test('what to know about usable figures stands with them', () => {
  const noted = pointOf([5], 10, { notes: ['the server ended <connections>'] });
  expect(tableRow(noted)).toContain('NOTE: the server ended <connections>');
  expect(toHtml(resultOf(noted))).toContain('the server ended &#60;connections&#62;');
});

test('a terminal shows what goes on in one line, a file gets finished rows only', () => {
  const seen = (isTTY: boolean): string => {
    let text = '';
    const progress = terminalProgress({ isTTY, columns: 40, write: (part) => (text += part) });
    progress.status('x'.repeat(100));
    progress.point(pointOf([120]));
    progress.end();
    return text;
  };
  expect(seen(false)).not.toContain('x');
  expect(seen(false).split('\n')).toHaveLength(3);
  expect(seen(true)).toContain(`\r\u001B[K${'x'.repeat(39)}\r`);
});

test('ticks are round and hold every value', () => {
  expect(ticksFor([3, 41], 'linear')).toEqual([0, 10, 20, 30, 40, 50]);
  expect(ticksFor([0.4, 300], 'log')).toEqual([0.1, 1, 10, 100, 1000]);
});

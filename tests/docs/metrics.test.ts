import { expect, test } from 'vitest';
import { BOUNDS, RUN_ENDS, SHADOW_ENDS } from '../../src/inference/rollout.ts';
import { METRICS } from '../../src/metrics/definitions.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { TRITON_METRICS } from '../../src/metrics/triton-definitions.ts';
import { read } from './repository-files.ts';

const page = read('docs/metrics.md');
const definitions = [...Object.values(METRICS), ...Object.values(TRITON_METRICS)];

/** Rows of the page that begin with a metric's name. */
const rows = page
  .split('\n')
  .filter((line) => /^\| `[a-z0-9_]+` \| (counter|gauge|histogram) \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, name = '', ...cells]) => ({ name: name.replaceAll('`', ''), cells: cells.slice(0, -1) }));

test('the page says of every metric what the table says', () => {
  for (const { name, type, unit, labels, help } of definitions) {
    const row = rows.find((each) => each.name === name);
    const quoted = labels.length === 0 ? '-' : labels.map((label) => `\`${label}\``).join(' ');
    expect({ name, cells: row?.cells }).toEqual({ name, cells: [type, unit, quoted, help] });
  }
});

test('the page names every metric that is exported, and no other', () => {
  const exported = new Metrics({ version: '1.0.0', tritonMetrics: true }).names();
  expect(rows.map(({ name }) => name).sort()).toEqual([...exported].sort());
});

test('the queries of the page use metrics and labels that exist', () => {
  const names = new Set(definitions.map(({ name }) => name));
  const labels = new Set<string>([...definitions.flatMap((each) => each.labels), 'le', 'pod']);
  for (const [, query = ''] of page.matchAll(/\| `([^`]*\(?sluice_[^`]*)` (?:near 1, [^|]*)?\|\n/g)) {
    for (const [name] of query.matchAll(/sluice_[a-z_]+/g)) {
      expect(names).toContain(name.replace(/_(bucket|sum|count)$/, ''));
    }
    for (const [, list = ''] of query.matchAll(/by \(([^)]*)\)/g)) {
      for (const label of list.split(',')) expect(labels).toContain(label.trim());
    }
  }
});

test('the page has the values of results and bounds', () => {
  const quoted = (values: readonly string[]) => values.map((value) => `\`${value}\``).join(' ');
  for (const [label, values] of [
    ['`result` of loads', ['ready', 'failed']],
    ['`result` of look-ups in the response cache', ['hit', 'miss']],
    ['`result` of requests that followed a rollout', RUN_ENDS],
    ['`result` of shadow runs', SHADOW_ENDS],
    ['`bound` of roll-backs', BOUNDS],
    ['`bound` of an agreement', ['lower', 'upper']],
  ] as const) {
    expect(page).toContain(`| ${label} | ${quoted(values)} |\n`);
  }
});

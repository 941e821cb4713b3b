import { Histogram } from '../statistics/histogram.ts';
import { failedOf } from '../suite/figures.ts';
import type { Point, SuiteResult } from '../suite/result.ts';
import { percentileChart, stageChart, throughputLatencyChart } from './charts.ts';
import { escapeText } from './svg.ts';
import { countedIn, headlineText, reusedText } from './table.ts';

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1f2937 }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
  th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid #e5e7eb }
  th:first-child, td:first-child { text-align: left }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem }
  dt { color: #6b7280 } dd { margin: 0 }
  svg { width: 100%; height: auto; font: 11px system-ui, sans-serif }
  .grid { stroke: #e5e7eb } .wrong { color: #b91c1c }
`;

/** One page with everything in it: no script, no picture, no font from anywhere else. */
export function toHtml(result: SuiteResult): string {
  const { points, target } = result;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Load test of ${escapeText(target.address)}</title>
<style>${STYLE}</style>
<h1>Load test</h1>
${facts(result)}
<h2>Loads</h2>
${table(points)}
${points.map(remarks).join('')}
${section('Throughput and latency', throughputLatencyChart(points))}
${section('Percentiles', percentileChart(points))}
${section('Where the time of a request went', stageChart(points))}
</html>
`;
}

const section = (title: string, chart: string): string => (chart === '' ? '' : `<h2>${title}</h2>\n${chart}`);

function facts({ started, machine, target, traffic, seed, ceiling }: SuiteResult): string {
  const models = traffic.map(({ model, weight, rows, lengths, largestId, texts }) => {
    const parts = [
      ...[`weight ${weight}`, `${rows} rows`],
      ...(lengths === undefined ? [] : [`lengths ${JSON.stringify(lengths)}`]),
      ...(largestId === undefined ? [] : [`whole numbers below ${largestId}`]),
      ...(texts === undefined ? [] : [`${texts.count} texts, SHA-256 ${texts.sha256.slice(0, 12)}`]),
    ];
    return `${model} (${parts.join(', ')})`;
  });
  const entries: [string, string][] = [
    ['target', `${target.address}, ${target.protocol}`],
    ['models', models.join('; ')],
    ['started', started],
    [
      'machine',
      `${machine.processor}, ${machine.cores} cores, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    ],
    ['system', `${machine.system}, Node.js ${machine.node}, load ${machine.load.toFixed(2)} at the start`],
    ['seed', String(seed)],
  ];
  if (ceiling !== undefined) {
    const { sessions, bestBatch, p50 } = ceiling;
    entries.push([
      'ceiling',
      `${sessions} bare sessions, best at ${bestBatch} rows; one row alone ${p50.toFixed(3)} ms`,
    ]);
  }
  return `<dl>${entries.map(([name, text]) => `<dt>${name}</dt><dd>${escapeText(text)}</dd>`).join('')}</dl>`;
}

const HEAD = ['load', 'rows/s', 'of ceiling', 'batch', 'p50', 'p90', 'p99', 'max', 'failed', 'stable'];

function table(points: readonly Point[]): string {
  const rows = points.map((point) => {
    const latency = Histogram.from(point.latency);
    const cells = [
      point.rows.toFixed(1),
      point.ceiling === undefined ? '-' : `${((point.rows / point.ceiling) * 100).toFixed(1)} %`,
      point.batchSize === undefined ? '-' : point.batchSize.toFixed(1),
      ...[0.5, 0.9, 0.99].map((quantile) => ms(latency.quantile(quantile))),
      ms(latency.count === 0 ? Number.NaN : latency.max),
      String(failedOf(point)),
      point.stable ? 'yes' : 'no',
    ];
    return `<tr><td>${escapeText(point.label)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<table><tr>${HEAD.map((cell) => `<th>${cell}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function remarks(point: Point): string {
  const { label, headline, reused, notes = [], invalid, failures, failureMessages } = point;
  const lines = [
    ...(headline === undefined ? [] : [escapeText(headlineText(headline))]),
    ...(reused === undefined ? [] : [`<span class="wrong">${escapeText(reusedText(reused))}</span>`]),
    ...notes.map((note) => escapeText(note)),
    ...invalid.map((problem) => `<span class="wrong">invalid: ${escapeText(problem)}</span>`),
    ...Object.entries(failures).map(
      ([name, count]) =>
        `<span class="wrong">${count} ${countedIn(point)} failed: ${escapeText(`${name} ${failureMessages?.[name] ?? ''}`.trimEnd())}</span>`,
    ),
  ];
  return lines.map((line) => `<p>${escapeText(label)}: ${line}</p>\n`).join('');
}

const ms = (value: number): string => (Number.isNaN(value) ? '-' : `${value.toFixed(2)} ms`);

import { Counter, Gauge, type Histogram, type Registry } from 'prom-client';
import type { MetricDefinition } from './definitions.ts';
import type { Distribution } from './distribution.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample<Value> {
  readonly labels: Labels;
  readonly value: Value;
}

/** What a family reads when it is scraped. */
export type Read<Value> = () => Iterable<Sample<Value>>;

/** A counter whose values are kept by whoever counts, and read at scrape time. */
export function addCounter(registry: Registry, definition: MetricDefinition, read: Read<number>): void {
  new Counter({
    name: definition.name,
    help: definition.help,
    labelNames: [...definition.labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.inc({ ...labels }, value);
    },
  });
}

/** A gauge that is read at scrape time. */
export function addGauge(registry: Registry, definition: MetricDefinition, read: Read<number>): void {
  new Gauge({
    name: definition.name,
    help: definition.help,
    labelNames: [...definition.labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.set({ ...labels }, value);
    },
  });
}

/** A histogram over distributions. The registry asks a metric for no more than its name and `get`. */
export function addHistogram(
  registry: Registry,
  { name, help }: MetricDefinition,
  read: Read<Distribution>,
): void {
  const get = async () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: [...read()].flatMap((sample) => histogramValues(name, sample)),
  });
  const metric = { name, help, type: 'histogram', aggregator: 'sum', get, reset() {} };
  registry.registerMetric(metric as unknown as Histogram);
}

function histogramValues(name: string, { labels, value }: Sample<Distribution>) {
  const bucket = `${name}_bucket`;
  return [
    ...value.cumulative().map(({ bound, count }) => ({
      metricName: bucket,
      labels: { ...labels, le: bound },
      value: count,
    })),
    { metricName: bucket, labels: { ...labels, le: '+Inf' }, value: value.count },
    { metricName: `${name}_sum`, labels, value: value.sum },
    { metricName: `${name}_count`, labels, value: value.count },
  ];
}

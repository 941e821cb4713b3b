import type { Registry } from 'prom-client';
import { METRICS, SECONDS } from './definitions.ts';
import { Distribution } from './distribution.ts';
import { addCounter, addHistogram } from './families.ts';

export type Transport = 'rest' | 'grpc';

/**
 * Counts a request of a transport. `operation` must be one of a bounded set: the pattern of a route or the name of a
 * method, never what a client sent. `code` is an HTTP status or a canonical gRPC code, `bytesIn` the decoded body.
 */
export type TransportObserver = (
  operation: string,
  code: string | number,
  seconds: number,
  bytesIn?: number,
) => void;

interface OperationSeries {
  readonly codes: Map<string | number, number>;
  readonly duration: Distribution;
  bytes: number;
}

/** What came in over the transports, by operation. */
export class TransportSeries {
  readonly #operations = new Map<Transport, Map<string, OperationSeries>>();

  observer(transport: Transport): TransportObserver {
    const operations = this.#operations.get(transport) ?? new Map<string, OperationSeries>();
    this.#operations.set(transport, operations);
    return (operation, code, seconds, bytesIn = 0) => {
      let series = operations.get(operation);
      if (series === undefined) {
        series = { codes: new Map(), duration: new Distribution(SECONDS), bytes: 0 };
        operations.set(operation, series);
      }
      series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
      series.duration.observe(seconds);
      series.bytes += bytesIn;
    };
  }

  register(registry: Registry): void {
    const all = () => this.#all();
    addCounter(registry, METRICS.transportRequests, function* read() {
      for (const { labels, series } of all()) {
        for (const [code, value] of series.codes) yield { labels: { ...labels, code: String(code) }, value };
      }
    });
    addHistogram(registry, METRICS.transportDuration, function* read() {
      for (const { labels, series } of all()) yield { labels, value: series.duration };
    });
    addCounter(registry, METRICS.transportBytes, function* read() {
      for (const { labels, series } of all()) {
        if (labels.transport === 'rest') yield { labels, value: series.bytes };
      }
    });
  }

  *#all() {
    for (const [transport, operations] of this.#operations) {
      for (const [operation, series] of operations) yield { labels: { transport, operation }, series };
    }
  }
}

import type { Registry } from 'prom-client';
import type { Code } from '../errors.ts';
import { addCounter, addGauge, type Sample } from './families.ts';
import { TRITON_METRICS } from './triton-definitions.ts';
import type { VariantSeries } from './variant-series.ts';

type FailureReason = 'REJECTED' | 'CANCELED' | 'BACKEND' | 'OTHER';

/** Triton's four reasons, for each of our codes. */
const FAILURE_REASONS: Readonly<Record<Code, FailureReason>> = {
  invalid_argument: 'OTHER',
  not_found: 'OTHER',
  failed_precondition: 'OTHER',
  payload_too_large: 'OTHER',
  resource_exhausted: 'REJECTED',
  deadline_exceeded: 'REJECTED',
  canceled: 'CANCELED',
  unavailable: 'REJECTED',
  unimplemented: 'OTHER',
  internal: 'BACKEND',
};

/** Exports the series of all variants under Triton's names, which know a model and a version but no variant. */
export function addTritonMetrics(registry: Registry, variants: () => Iterable<VariantSeries>): void {
  const sum = (pick: (series: VariantSeries) => number) => (): Sample<number>[] => {
    const totals = new Map<string, { labels: { model: string; version: string }; value: number }>();
    for (const series of variants()) {
      const { model, version } = series.id;
      const key = `${model}/${version}`;
      const total = totals.get(key) ?? { labels: { model, version }, value: 0 };
      total.value += pick(series);
      totals.set(key, total);
    }
    return [...totals.values()];
  };
  const microseconds = (pick: (series: VariantSeries) => { readonly sum: number }) =>
    sum((series) => Math.round(pick(series).sum * 1e6));
  const failures = (reason: FailureReason) =>
    sum(({ requests }) =>
      Object.entries(FAILURE_REASONS)
        .filter(([, each]) => each === reason)
        .reduce((total, [code]) => total + (requests[code as Code] ?? 0), 0),
    );

  addCounter(
    registry,
    TRITON_METRICS.success,
    sum(({ requests }) => requests.ok),
  );
  addCounter(registry, TRITON_METRICS.failure, () =>
    (['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'] as const).flatMap((reason) =>
      failures(reason)().map(({ labels, value }) => ({ labels: { ...labels, reason }, value })),
    ),
  );
  addCounter(
    registry,
    TRITON_METRICS.rows,
    sum(({ computed }) => computed),
  );
  addCounter(
    registry,
    TRITON_METRICS.executions,
    sum(({ executions }) => executions),
  );
  addCounter(
    registry,
    TRITON_METRICS.requestDuration,
    microseconds(({ request }) => request),
  );
  addCounter(
    registry,
    TRITON_METRICS.queueDuration,
    microseconds(({ queue }) => queue),
  );
  addCounter(
    registry,
    TRITON_METRICS.computeInputDuration,
    microseconds(({ computeInput }) => computeInput),
  );
  addCounter(
    registry,
    TRITON_METRICS.computeInferDuration,
    microseconds(({ computeInfer }) => computeInfer),
  );
  addCounter(
    registry,
    TRITON_METRICS.computeOutputDuration,
    microseconds(({ computeOutput }) => computeOutput),
  );
  addCounter(
    registry,
    TRITON_METRICS.cacheHits,
    sum(({ cache }) => cache.hit),
  );
  addCounter(
    registry,
    TRITON_METRICS.cacheMisses,
    sum(({ cache }) => cache.miss),
  );
  addCounter(
    registry,
    TRITON_METRICS.cacheHitDuration,
    sum(({ cacheTime }) => Math.round(cacheTime.hit * 1000)),
  );
  addCounter(
    registry,
    TRITON_METRICS.cacheMissDuration,
    sum(({ cacheTime }) => Math.round(cacheTime.miss * 1000)),
  );
  addGauge(
    registry,
    TRITON_METRICS.pending,
    sum((series) => series.total(({ queueDepth }) => queueDepth)),
  );
}

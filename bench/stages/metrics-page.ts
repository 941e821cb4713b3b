import type { Counters } from './stages.ts';

type Labels = Readonly<Record<string, string>>;

const LINE = /^(sluice_[a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/** Routes and methods whose requests are inferences. */
const INFERENCE = /infer$|^\/models\/|^ModelInfer$/;

/** The series of this server's own metrics. */
export function* seriesIn(
  page: string,
): Generator<{ readonly name: string; readonly labels: Labels; readonly value: number }> {
  for (const line of page.split('\n')) {
    const [, name = '', text = '', value = ''] = LINE.exec(line) ?? [];
    if (name === '') continue;
    const labels = Object.fromEntries([...text.matchAll(LABEL)].map(([, key, label]) => [key, label]));
    yield { name, labels, value: Number(value) };
  }
}

/** This server's metrics, added up over the given models. Undefined where the page has none of them. */
export function countersIn(page: string, models: readonly string[]): Counters | undefined {
  const names = new Set(models.map((model) => model.split('@')[0]));
  const sums = new Map<string, number>();
  for (const { name, labels, value } of seriesIn(page)) {
    const { model, operation, result } = labels;
    const counts =
      model === undefined ? operation !== undefined && INFERENCE.test(operation) : names.has(model);
    if (counts && result !== 'miss') sums.set(name, (sums.get(name) ?? 0) + value);
  }
  const count = sums.get('sluice_request_duration_seconds_count');
  if (count === undefined) return undefined;
  const sum = (stage: string): number => sums.get(`sluice_request_${stage}duration_seconds_sum`) ?? 0;
  return {
    count,
    queue: sum('queue_'),
    computeInput: sum('compute_input_'),
    computeInfer: sum('compute_infer_'),
    computeOutput: sum('compute_output_'),
    request: sum(''),
    batches: {
      count: sums.get('sluice_batch_size_count') ?? 0,
      rows: sums.get('sluice_batch_size_sum') ?? 0,
    },
    reused: {
      coalesced: sums.get('sluice_requests_coalesced_total') ?? 0,
      cached: sums.get('sluice_response_cache_lookups_total') ?? 0,
    },
    transport: {
      count: sums.get('sluice_transport_request_duration_seconds_count') ?? 0,
      seconds: sums.get('sluice_transport_request_duration_seconds_sum') ?? 0,
    },
  };
}

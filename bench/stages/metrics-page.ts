import type { Counters } from './stages.ts';

/** Sums of series of a metric by what their labels say. */
type Labels = Readonly<Record<string, string>>;

const LINE = /^(sluice_[a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/** Routes and methods whose requests are inferences. */
const INFERENCE = /infer$|^\/models\/|^ModelInfer$/;

/** This server's metrics, added up over the given models. Undefined where the page has none of them. */
export function countersIn(page: string, models: readonly string[]): Counters | undefined {
  const names = new Set(models.map((model) => model.split('@')[0]));
  const sums = new Map<string, number>();
  for (const line of page.split('\n')) {
    const [, name = '', labelText = '', value = ''] = LINE.exec(line) ?? [];
    if (name === '') continue;
    const labels: Labels = Object.fromEntries(
      [...labelText.matchAll(LABEL)].map(([, key, text]) => [key, text]),
    );
    const { model, operation, result } = labels;
    const counts =
      model === undefined ? operation !== undefined && INFERENCE.test(operation) : names.has(model);
    if (counts && result !== 'miss') sums.set(name, (sums.get(name) ?? 0) + Number(value));
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

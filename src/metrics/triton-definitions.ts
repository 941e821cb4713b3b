import { counter, gauge, type MetricDefinition } from './definitions.ts';

const MODEL = ['model', 'version'] as const;

const microseconds = (name: string, help: string): MetricDefinition =>
  counter(name, MODEL, 'microseconds', help);

/** Triton's names for the same figures, for dashboards that exist; opt-in. */
export const TRITON_METRICS = {
  success: counter('nv_inference_request_success', MODEL, 'requests', 'Requests that were answered.'),
  failure: counter(
    'nv_inference_request_failure',
    [...MODEL, 'reason'],
    'requests',
    'Requests that failed, by reason (REJECTED, CANCELED, BACKEND, OTHER).',
  ),
  rows: counter(
    'nv_inference_count',
    MODEL,
    'rows',
    'Rows of answered requests that were computed: neither cached nor shared.',
  ),
  executions: counter('nv_inference_exec_count', MODEL, 'batches', 'Batches that were executed.'),
  requestDuration: microseconds('nv_inference_request_duration_us', 'Total time of answered requests.'),
  queueDuration: microseconds('nv_inference_queue_duration_us', 'Total time in the queue.'),
  computeInputDuration: microseconds(
    'nv_inference_compute_input_duration_us',
    'Total time of merging and handing over inputs.',
  ),
  computeInferDuration: microseconds(
    'nv_inference_compute_infer_duration_us',
    'Total time inside the session.',
  ),
  computeOutputDuration: microseconds(
    'nv_inference_compute_output_duration_us',
    'Total time of returning outputs.',
  ),
  cacheHits: counter('nv_cache_num_hits_per_model', MODEL, 'requests', 'Hits in the response cache.'),
  cacheMisses: counter('nv_cache_num_misses_per_model', MODEL, 'requests', 'Misses in the response cache.'),
  cacheHitDuration: microseconds('nv_cache_hit_duration_per_model', 'Total time of looking up hits.'),
  cacheMissDuration: microseconds(
    'nv_cache_miss_duration_per_model',
    'Total time of looking up misses and keeping their answers.',
  ),
  pending: gauge('nv_inference_pending_request_count', MODEL, 'requests', 'Requests waiting for a batch.'),
} as const satisfies Record<string, MetricDefinition>;

import { ROLLOUT_METRICS } from './rollout-definitions.ts';

/** Every metric of the server. `docs/metrics.md` is checked against this table. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricDefinition {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
  readonly labels: readonly string[];
  /** Upper bounds, ascending, of a histogram. */
  readonly buckets?: readonly number[];
}

const VARIANT = ['model', 'version', 'variant'] as const;

/** Each bound is twice the one before it: an estimated quantile is off by less than that. */
const doubling = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => first * 2 ** index);

/** 50 microseconds to 13 seconds. */
export const SECONDS = doubling(50e-6, 19);

/** 1 to 1024 rows. */
export const ROWS = doubling(1, 11);

const seconds = (name: string, labels: readonly string[], help: string): MetricDefinition => ({
  name,
  type: 'histogram',
  help,
  unit: 'seconds',
  labels,
  buckets: SECONDS,
});

export const counter = (
  name: string,
  labels: readonly string[],
  unit: string,
  help: string,
): MetricDefinition => ({
  name,
  type: 'counter',
  help,
  unit,
  labels,
});

export const gauge = (
  name: string,
  labels: readonly string[],
  unit: string,
  help: string,
): MetricDefinition => ({
  name,
  type: 'gauge',
  help,
  unit,
  labels,
});

export const METRICS = {
  requests: counter(
    'sluice_requests_total',
    [...VARIANT, 'code'],
    'requests',
    'Inference requests that ended, by their code (ok, or the canonical gRPC code). A request for a model that is not loaded counts under model "unknown".',
  ),
  requestDuration: seconds(
    'sluice_request_duration_seconds',
    VARIANT,
    'Wall time of answered requests, from the decoded request to the answer that is to be encoded.',
  ),
  queueDuration: seconds(
    'sluice_request_queue_duration_seconds',
    VARIANT,
    'Time answered requests that were not cached waited in the queue before their batch started.',
  ),
  computeInputDuration: seconds(
    'sluice_request_compute_input_duration_seconds',
    VARIANT,
    'Time to merge the inputs and hand them to the worker, per answered request that was not cached.',
  ),
  computeInferDuration: seconds(
    'sluice_request_compute_infer_duration_seconds',
    VARIANT,
    'Time inside the ONNX Runtime session, per answered request that was not cached.',
  ),
  computeOutputDuration: seconds(
    'sluice_request_compute_output_duration_seconds',
    VARIANT,
    'Time from the end of the session until the outputs are back, per answered request that was not cached.',
  ),
  rejected: counter(
    'sluice_requests_rejected_total',
    [...VARIANT, 'reason'],
    'requests',
    'Requests refused or dropped before they were computed, by reason.',
  ),
  rows: counter(
    'sluice_rows_total',
    VARIANT,
    'rows',
    'Rows of answered requests: the throughput whatever the request size.',
  ),
  batchSize: {
    name: 'sluice_batch_size',
    type: 'histogram',
    help: 'Rows of executed batches.',
    unit: 'rows',
    labels: VARIANT,
    buckets: ROWS,
  },
  dispatched: counter(
    'sluice_batches_dispatched_total',
    [...VARIANT, 'reason'],
    'batches',
    'Batches by the reason why they left the queue when they did.',
  ),
  failedBatches: counter(
    'sluice_batches_failed_total',
    VARIANT,
    'batches',
    'Batches whose execution failed; each is split until only the culprit fails.',
  ),
  batchTokens: counter(
    'sluice_batch_tokens_total',
    VARIANT,
    'tokens',
    'Rows of executed batches times the length they were padded to; of models whose requests may be padded.',
  ),
  paddingTokens: counter(
    'sluice_padding_tokens_total',
    VARIANT,
    'tokens',
    'What of these was padding: rows shorter than the longest of their batch.',
  ),
  saturation: gauge(
    'sluice_saturation',
    [],
    'ratio',
    'How full the server is: 0 idle, 1 at capacity without refusing, above 1 requests are refused; the fullest model counts, or the event loop where that is fuller. The signal to scale on.',
  ),
  demandUtilisation: gauge(
    'sluice_demand_utilisation_ratio',
    ['model', 'version'],
    'ratio',
    'Share of the cores that the offered work takes on the cheapest variants that may answer it; above 1 some of it is refused.',
  ),
  accuracyDebt: gauge(
    'sluice_accuracy_debt_ratio',
    ['model', 'version'],
    'ratio',
    'Share of the answers that came from a less accurate variant than their requests allowed, for lack of time.',
  ),
  predictions: counter('sluice_predictions_total', VARIANT, 'batches', 'Batches whose time was predicted.'),
  predictionsKept: counter(
    'sluice_predictions_kept_total',
    VARIANT,
    'batches',
    'Batches that took no longer than the bound of their prediction, which 99 of 100 should not exceed.',
  ),
  predictedTime: counter(
    'sluice_predicted_seconds_total',
    VARIANT,
    'seconds',
    'Time that these batches were expected to take.',
  ),
  measuredTime: counter(
    'sluice_predicted_measured_seconds_total',
    VARIANT,
    'seconds',
    'Time that they took.',
  ),
  coalesced: counter(
    'sluice_requests_coalesced_total',
    VARIANT,
    'requests',
    'Requests answered by the run of an identical one that was in flight.',
  ),
  cacheLookups: counter(
    'sluice_response_cache_lookups_total',
    [...VARIANT, 'result'],
    'requests',
    'Requests that asked the response cache, by result (hit, miss) and by the variant that was asked for.',
  ),
  cacheEvictions: counter(
    'sluice_response_cache_evictions_total',
    [],
    'entries',
    'Entries of the response cache that others pushed out.',
  ),
  cacheEntries: gauge(
    'sluice_response_cache_entries',
    [],
    'entries',
    'Answers that the response cache keeps.',
  ),
  cacheBytes: gauge(
    'sluice_response_cache_bytes',
    [],
    'bytes',
    'Size of the entries of the response cache, keys and bookkeeping included.',
  ),
  cacheLimit: gauge(
    'sluice_response_cache_limit_bytes',
    [],
    'bytes',
    'Size the response cache may grow to; 0 where there is none.',
  ),
  queueDepth: gauge('sluice_queue_depth', VARIANT, 'requests', 'Requests waiting for a batch.'),
  inFlight: gauge(
    'sluice_requests_in_flight',
    VARIANT,
    'requests',
    'Requests accepted and not yet answered, waiting ones included.',
  ),
  instances: gauge(
    'sluice_instances',
    VARIANT,
    'instances',
    'Worker threads that hold a session of the variant.',
  ),
  busyInstances: gauge('sluice_instances_busy', VARIANT, 'instances', 'Instances that are inside a run.'),
  modelState: gauge(
    'sluice_model_state',
    ['model', 'version', 'state'],
    '0 or 1',
    '1 for the state a version of a model is in, 0 for the others.',
  ),
  loadDuration: gauge(
    'sluice_model_load_duration_seconds',
    ['model', 'version'],
    'seconds',
    'Time the last load of a version took, all its variants: probe, open, warm.',
  ),
  loads: counter(
    'sluice_model_loads_total',
    ['model', 'version', 'result'],
    'loads',
    'Loads of a version that ended, reloads too, by result (ready, or failed where any of its variants could not be opened).',
  ),
  ...ROLLOUT_METRICS,
  transportRequests: counter(
    'sluice_transport_requests_total',
    ['transport', 'operation', 'code'],
    'requests',
    'Requests of any kind that ended, by transport, operation (REST route or gRPC method) and code (HTTP status, or canonical gRPC code).',
  ),
  transportDuration: seconds(
    'sluice_transport_request_duration_seconds',
    ['transport', 'operation'],
    'Wall time of requests of any kind, decoding and encoding included.',
  ),
  transportBytes: counter(
    'sluice_transport_request_bytes_total',
    ['transport', 'operation'],
    'bytes',
    'Bodies of REST requests, after decompression.',
  ),
  eventLoopActive: counter(
    'sluice_event_loop_active_seconds_total',
    ['thread'],
    'seconds',
    "Time an event loop was busy, of the thread main, gateway-0 and so on; its rate is the loop's utilisation, from 0 to 1.",
  ),
  buildInfo: gauge(
    'sluice_build_info',
    ['version', 'node'],
    'always 1',
    'Version of the server and of Node.js.',
  ),
} as const satisfies Record<string, MetricDefinition>;

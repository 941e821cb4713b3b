import { expect, test } from 'vitest';
import type { VariantId } from '../../../src/inference/observer.ts';
import type { IndexEntry } from '../../../src/inference/served.ts';
import { NO_TIME } from '../../../src/inference/timings.ts';
import { METRICS } from '../../../src/metrics/definitions.ts';
import { LoopShare } from '../../../src/metrics/loop-share.ts';
import { Metrics } from '../../../src/metrics/metrics.ts';
import { TRITON_METRICS } from '../../../src/metrics/triton-definitions.ts';

const INT8: VariantId = { model: 'intent', version: '2', variant: 'int8' };
const TIMINGS = { queue: 1, computeInput: 0.04, computeInfer: 3, computeOutput: 0.2 };
const GAUGES = { inFlight: () => 5, instances: () => 2, runningBatches: () => 1, saturation: () => 0 };

/** The samples of a scrape: "name{labels}" to value, labels in the order they are written. */
async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

const labels = (extra = ''): string => `{model="intent",version="2",variant="int8"${extra}}`;

test('a loaded variant has its series at zero before the first request', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  metrics.createVariantObserver(INT8);
  const samples = await scrape(metrics);
  expect(samples.get(`sluice_requests_total${labels(',code="ok"')}`)).toBe(0);
  expect(samples.get(`sluice_requests_total${labels(',code="deadline_exceeded"')}`)).toBe(0);
  expect(samples.get(`sluice_requests_rejected_total${labels(',reason="queue_full"')}`)).toBe(0);
  expect(samples.get(`sluice_batches_dispatched_total${labels(',reason="slot_free"')}`)).toBe(0);
  expect(samples.get(`sluice_request_duration_seconds_count${labels()}`)).toBe(0);
  expect(samples.get(`sluice_queue_depth${labels()}`)).toBe(0);
});

test('an answered request is counted once in every histogram, in seconds', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  metrics.createVariantObserver(INT8).requestEnded('ok', 4.5, TIMINGS, 8);
  const samples = await scrape(metrics);
  expect(samples.get(`sluice_requests_total${labels(',code="ok"')}`)).toBe(1);
  expect(samples.get(`sluice_rows_total${labels()}`)).toBe(8);
  expect(samples.get(`sluice_request_duration_seconds_sum${labels()}`)).toBeCloseTo(0.0045, 9);
  expect(samples.get(`sluice_request_queue_duration_seconds_sum${labels()}`)).toBeCloseTo(0.001, 9);
  expect(samples.get(`sluice_request_compute_infer_duration_seconds_sum${labels()}`)).toBeCloseTo(0.003, 9);
  expect(samples.get(`sluice_request_compute_output_duration_seconds_count${labels()}`)).toBe(1);
  const fast = `sluice_request_compute_input_duration_seconds_bucket`;
  expect(samples.get(`${fast}${labels(',le="0.00005"')}`)).toBe(1);
});

test('a failed request is counted by its code and leaves the histograms alone', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  metrics.createVariantObserver(INT8).requestEnded('internal', 4.5, NO_TIME, 8);
  const samples = await scrape(metrics);
  expect(samples.get(`sluice_requests_total${labels(',code="internal"')}`)).toBe(1);
  expect(samples.get(`sluice_requests_total${labels(',code="ok"')}`)).toBe(0);
  expect(samples.get(`sluice_request_duration_seconds_count${labels()}`)).toBe(0);
  expect(samples.get(`sluice_rows_total${labels()}`)).toBe(0);
});

test('batches and rejections are counted by reason', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  const observer = metrics.createVariantObserver(INT8);
  const padded = { tokens: 60, padding: 12 };
  observer.batchEnded({ rows: 5, requests: 2, reason: 'slot_free', timings: TIMINGS, failed: false, padded });
  observer.batchEnded({ rows: 8, requests: 1, reason: 'full', timings: TIMINGS, failed: true });
  observer.requestRejected('queue_full');
  const samples = await scrape(metrics);
  expect(samples.get(`sluice_batches_dispatched_total${labels(',reason="slot_free"')}`)).toBe(1);
  expect(samples.get(`sluice_batches_dispatched_total${labels(',reason="full"')}`)).toBe(1);
  expect(samples.get(`sluice_batches_failed_total${labels()}`)).toBe(1);
  expect(samples.get(`sluice_batch_tokens_total${labels()}`)).toBe(60);
  expect(samples.get(`sluice_padding_tokens_total${labels()}`)).toBe(12);
  expect(samples.get(`sluice_batch_size_sum${labels()}`)).toBe(13);
  expect(samples.get(`sluice_batch_size_bucket${labels(',le="4"')}`)).toBe(0);
  expect(samples.get(`sluice_batch_size_bucket${labels(',le="8"')}`)).toBe(2);
  expect(samples.get(`sluice_requests_rejected_total${labels(',reason="queue_full"')}`)).toBe(1);
});

test('gauges are read when they are scraped', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  const observer = metrics.createVariantObserver(INT8);
  let running = 0;
  observer.watch({ ...GAUGES, runningBatches: () => running });
  observer.queueChanged(7);
  running = 3;
  const samples = await scrape(metrics);
  expect(samples.get(`sluice_queue_depth${labels()}`)).toBe(7);
  expect(samples.get(`sluice_requests_in_flight${labels()}`)).toBe(5);
  expect(samples.get(`sluice_instances${labels()}`)).toBe(2);
  expect(samples.get(`sluice_instances_busy${labels()}`)).toBe(2);
});

test('the series of an unloaded variant are gone', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  const observer = metrics.createVariantObserver(INT8);
  observer.requestEnded('ok', 1, TIMINGS, 1);
  observer.close();
  observer.close();
  expect(await metrics.text()).not.toContain('model="intent"');
});

test('a reload of a variant keeps its counters and adds up its gauges', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  const old = metrics.createVariantObserver(INT8);
  old.watch(GAUGES);
  old.requestEnded('ok', 1, TIMINGS, 1);
  const fresh = metrics.createVariantObserver(INT8);
  fresh.watch(GAUGES);
  expect((await scrape(metrics)).get(`sluice_instances${labels()}`)).toBe(4);
  old.close();
  fresh.requestEnded('ok', 1, TIMINGS, 1);
  const samples = await scrape(metrics);
  expect(samples.get(`sluice_instances${labels()}`)).toBe(2);
  expect(samples.get(`sluice_requests_total${labels(',code="ok"')}`)).toBe(2);
});

test('requests for models that are not there share one series', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  for (let request = 0; request < 3; request++) metrics.requestUnresolved('not_found');
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('sluice_requests_total'));
  expect(lines).toEqual(['sluice_requests_total{model="unknown",version="",variant="",code="not_found"} 3']);
});

test('the state of a version is one of five, and a version out of the index has none', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  let index: IndexEntry[] = [{ name: 'intent', version: '2', state: 'LOADING', reason: '' }];
  metrics.watchIndex(() => index);
  metrics.loadEnded('intent', '2', true, 1500);
  const samples = await scrape(metrics);
  expect(samples.get('sluice_model_state{model="intent",version="2",state="LOADING"}')).toBe(1);
  expect(samples.get('sluice_model_state{model="intent",version="2",state="READY"}')).toBe(0);
  expect(samples.get('sluice_model_load_duration_seconds{model="intent",version="2"}')).toBe(1.5);
  expect(samples.get('sluice_model_loads_total{model="intent",version="2",result="ready"}')).toBe(1);
  metrics.loadEnded('intent', '2', false);
  const later = await scrape(metrics);
  expect(later.get('sluice_model_load_duration_seconds{model="intent",version="2"}')).toBe(1.5);
  expect(later.get('sluice_model_loads_total{model="intent",version="2",result="failed"}')).toBe(1);
  index = [];
  expect(await metrics.text()).not.toContain('model="intent"');
});

test('what the schedulers know is read when it is asked for, and the event loop counts where it is fuller', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  let times = { active: 0, idle: 0 };
  metrics.started(new LoopShare(() => times));
  times = { active: 1800, idle: 200 };
  expect((await scrape(metrics)).get('sluice_saturation')).toBe(0.9);
  metrics.watchSchedules(() => [
    {
      model: 'intent',
      version: '1',
      saturation: 1.5,
      demandUtilisation: 1.5,
      accuracyDebt: 0,
      predictions: [{ variant: 'int8', made: 100, kept: 98, expected: 1500, measured: 1400 }],
    },
  ]);
  const samples = await scrape(metrics);
  expect(samples.get('sluice_saturation')).toBe(1.5);
  const variant = '{model="intent",version="1",variant="int8"}';
  expect(samples.get(`sluice_predictions_total${variant}`)).toBe(100);
  expect(samples.get(`sluice_predictions_kept_total${variant}`)).toBe(98);
  expect(samples.get(`sluice_predicted_seconds_total${variant}`)).toBe(1.5);
  expect(samples.get(`sluice_predicted_measured_seconds_total${variant}`)).toBe(1.4);
});

test('the server is as full as the fullest variant that has a queue of its own', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  metrics.createVariantObserver(INT8);
  metrics.createVariantObserver(INT8).watch({ ...GAUGES, saturation: () => 1.75 });
  metrics.createVariantObserver({ ...INT8, model: 'another' }).watch({ ...GAUGES, saturation: () => 0.5 });
  expect((await scrape(metrics)).get('sluice_saturation')).toBe(1.75);
});

test('a transport counts its requests by operation and code', async () => {
  const metrics = new Metrics({ version: '1.0.0' });
  const rest = metrics.transport('rest');
  rest('/v2/models/:model/infer', 200, 0.002, 100);
  rest('/v2/models/:model/infer', 404, 0.001, 20);
  metrics.transport('grpc')('ModelInfer', 'ok', 0.004);
  const samples = await scrape(metrics);
  const route = 'transport="rest",operation="/v2/models/:model/infer"';
  expect(samples.get(`sluice_transport_requests_total{${route},code="404"}`)).toBe(1);
  expect(samples.get(`sluice_transport_request_bytes_total{${route}}`)).toBe(120);
  expect(samples.get(`sluice_transport_request_duration_seconds_sum{${route}}`)).toBeCloseTo(0.003, 9);
  const method = 'transport="grpc",operation="ModelInfer"';
  expect(samples.get(`sluice_transport_requests_total{${method},code="ok"}`)).toBe(1);
});

test('two servers in one process do not share their figures', async () => {
  const [one, other] = [new Metrics({ version: '1.0.0' }), new Metrics({ version: '1.0.0' })];
  one.createVariantObserver(INT8);
  expect(await other.text()).not.toContain('model="intent"');
});

test('Triton names are exported only when asked for, and agree with ours', async () => {
  expect(new Metrics({ version: '1.0.0' }).names()).not.toContain(TRITON_METRICS.success.name);
  const metrics = new Metrics({ version: '1.0.0', tritonMetrics: true });
  const int8 = metrics.createVariantObserver(INT8);
  const fp32 = metrics.createVariantObserver({ ...INT8, variant: 'default' });
  int8.requestEnded('ok', 4.5, TIMINGS, 8);
  fp32.requestEnded('ok', 5.5, TIMINGS, 2);
  fp32.requestEnded('canceled', 5.5, NO_TIME, 2);
  fp32.requestEnded('ok', 0, NO_TIME, 2, 'cached');
  fp32.requestEnded('ok', 0, TIMINGS, 2, 'coalesced');
  fp32.batchEnded({ rows: 2, requests: 1, reason: 'alone', timings: TIMINGS, failed: false });
  fp32.queueChanged(3);
  const samples = await scrape(metrics);
  const of = '{model="intent",version="2"}';
  expect(samples.get(`nv_inference_request_success${of}`)).toBe(4);
  expect(samples.get('nv_inference_request_failure{model="intent",version="2",reason="CANCELED"}')).toBe(1);
  expect(samples.get('nv_inference_request_failure{model="intent",version="2",reason="BACKEND"}')).toBe(0);
  expect(samples.get(`nv_inference_count${of}`)).toBe(10);
  expect(samples.get(`nv_inference_exec_count${of}`)).toBe(1);
  expect(samples.get(`nv_inference_request_duration_us${of}`)).toBe(10_000);
  expect(samples.get(`nv_inference_pending_request_count${of}`)).toBe(3);
});

test('every metric of the table is registered, with its type and help', async () => {
  const text = await new Metrics({ version: '1.0.0', tritonMetrics: true }).text();
  for (const { name, type, help } of [...Object.values(METRICS), ...Object.values(TRITON_METRICS)]) {
    expect(text).toContain(`# HELP ${name} ${help}`);
    expect(text).toContain(`# TYPE ${name} ${type}`);
  }
});

import type { Registry } from 'prom-client';
import type { Predictions, ScheduleState } from '../inference/observer.ts';
import { METRICS, type MetricDefinition } from './definitions.ts';
import { addCounter, addGauge } from './families.ts';

/**
 * Adds what the schedulers know, read from `states` at scrape time.
 * @param others how full the fullest is of what they do not know: variants that are batched by size and delay, and the
 * event loop, which takes no more when it is busy all the time, whatever the cores have left
 */
export function addScheduleMetrics(
  registry: Registry,
  states: () => readonly ScheduleState[],
  others: () => number,
): void {
  addGauge(registry, METRICS.saturation, () => [
    { labels: {}, value: Math.max(others(), ...states().map(({ saturation }) => saturation)) },
  ]);
  const perVersion = (definition: MetricDefinition, pick: (state: ScheduleState) => number): void =>
    addGauge(registry, definition, () =>
      states().map((state) => ({
        labels: { model: state.model, version: state.version },
        value: pick(state),
      })),
    );
  perVersion(METRICS.demandUtilisation, ({ demandUtilisation }) => demandUtilisation);
  perVersion(METRICS.accuracyDebt, ({ accuracyDebt }) => accuracyDebt);
  const perVariant = (definition: MetricDefinition, pick: (each: Predictions) => number): void =>
    addCounter(registry, definition, () =>
      states().flatMap(({ model, version, predictions }) =>
        predictions.map((each) => ({
          labels: { model, version, variant: each.variant },
          value: pick(each),
        })),
      ),
    );
  perVariant(METRICS.predictions, ({ made }) => made);
  perVariant(METRICS.predictionsKept, ({ kept }) => kept);
  perVariant(METRICS.predictedTime, ({ expected }) => expected / 1000);
  perVariant(METRICS.measuredTime, ({ measured }) => measured / 1000);
}

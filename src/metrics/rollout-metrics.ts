import type { Registry } from 'prom-client';
import {
  type ArmState,
  type ComparisonState,
  type RollbackCount,
  RUN_ENDS,
  SHADOW_ENDS,
} from '../inference/rollout.ts';
import { METRICS } from './definitions.ts';
import { addCounter, addGauge, type Labels, type Sample } from './families.ts';

/** Where the figures of the rollouts come from. */
export interface RolloutFigures {
  states(): readonly ArmState[];
  rollbacks(): readonly RollbackCount[];
}

/** Adds how the rollouts stand, read from `figures` at scrape time. */
export function addRolloutMetrics(registry: Registry, figures: RolloutFigures): void {
  const each = (pick: (state: ArmState) => Sample<number>[]) => () => figures.states().flatMap(pick);
  const compared = (pick: (comparison: ComparisonState, labels: Labels) => Sample<number>[]) =>
    each((state) => (state.comparison === undefined ? [] : pick(state.comparison, labelsOf(state))));

  addCounter(
    registry,
    METRICS.rolloutRequests,
    each(({ requests, ...state }) =>
      requests === undefined
        ? []
        : RUN_ENDS.map((result) => ({ labels: { ...labelsOf(state), result }, value: requests[result] })),
    ),
  );
  addGauge(
    registry,
    METRICS.rolloutShare,
    each((state) => [{ labels: labelsOf(state), value: state.share }]),
  );
  addGauge(registry, METRICS.rolloutState, each(stateSamples));
  addCounter(registry, METRICS.rollbacks, () =>
    figures.rollbacks().map(({ model, bound, count }) => ({ labels: { model, bound }, value: count })),
  );
  addCounter(
    registry,
    METRICS.shadowRuns,
    compared(({ runs }, labels) =>
      SHADOW_ENDS.map((result) => ({ labels: { ...labels, result }, value: runs[result] })),
    ),
  );
  addGauge(
    registry,
    METRICS.shadowAgreement,
    compared(({ agreement }, labels) =>
      agreement === undefined ? [] : [{ labels, value: agreement.ratio }],
    ),
  );
  addGauge(
    registry,
    METRICS.shadowAgreementBound,
    compared(({ agreement }, labels) =>
      agreement === undefined
        ? []
        : (['lower', 'upper'] as const).map((bound) => ({
            labels: { ...labels, bound },
            value: agreement[bound],
          })),
    ),
  );
  addGauge(
    registry,
    METRICS.shadowDifference,
    compared(({ largestDifference }, labels) => [{ labels, value: largestDifference }]),
  );
}

const labelsOf = ({ model, arm, version, variant }: Omit<ArmState, 'requests'>): Labels => ({
  model,
  arm,
  version,
  variant,
});

function stateSamples({ model, arm, version, variant, rolledBack }: ArmState): Sample<number>[] {
  if (arm !== 'canary') return [];
  return (['active', 'rolled_back'] as const).map((state) => ({
    labels: { model, version, variant, state },
    value: rolledBack === (state === 'rolled_back') ? 1 : 0,
  }));
}

import type { MetricDefinition } from './definitions.ts';

const ARM = ['model', 'arm', 'version', 'variant'] as const;

/** Metrics of rollouts. Their series are there while a rollout is, and begin anew with the next one. */
export const ROLLOUT_METRICS = {
  rolloutRequests: {
    name: 'sluice_rollout_requests_total',
    type: 'counter',
    unit: 'requests',
    labels: [...ARM, 'result'],
    help: 'Requests that followed a rollout, by arm and by result: ok, error (a fault of the server or the model) or refused (wrongly asked, cancelled, late or overload).',
  },
  rolloutShare: {
    name: 'sluice_rollout_share_ratio',
    type: 'gauge',
    unit: 'ratio',
    labels: ARM,
    help: 'Share of the traffic that goes to an arm; for a shadow, that is run a second time. 0 for a canary that was rolled back, and while a target cannot answer.',
  },
  rolloutState: {
    name: 'sluice_rollout_state',
    type: 'gauge',
    unit: '0 or 1',
    labels: ['model', 'version', 'variant', 'state'],
    help: '1 for the state that a canary is in (active, rolled_back), 0 for the other.',
  },
  rollbacks: {
    name: 'sluice_rollbacks_total',
    type: 'counter',
    unit: 'rollbacks',
    labels: ['model', 'bound'],
    help: 'Canaries that were rolled back since the start of the server, by the bound they broke.',
  },
  shadowRuns: {
    name: 'sluice_shadow_runs_total',
    type: 'counter',
    unit: 'runs',
    labels: [...ARM, 'result'],
    help: 'Answers that were to be computed a second time, by result: compared, dropped (no idle capacity) or failed.',
  },
  shadowAgreement: {
    name: 'sluice_shadow_agreement_ratio',
    type: 'gauge',
    unit: 'ratio',
    labels: ARM,
    help: 'Share of the rows compared lately whose two answers agree. Not there before the first.',
  },
  shadowAgreementBound: {
    name: 'sluice_shadow_agreement_bound_ratio',
    type: 'gauge',
    unit: 'ratio',
    labels: [...ARM, 'bound'],
    help: 'Bounds (lower, upper) between which the agreement lies with a confidence of 99.7 %.',
  },
  shadowDifference: {
    name: 'sluice_shadow_largest_difference',
    type: 'gauge',
    unit: 'of the output',
    labels: ARM,
    help: 'Largest absolute difference between two floats at the same place of two answers to one request.',
  },
} as const satisfies Record<string, MetricDefinition>;

import { measure } from './measure.ts';
import { capacity, FAMILY, MAX_BATCH_SIZE, mixedSlack } from './settings.ts';
import { type Node, simulate } from './simulate.ts';
import { SluicePolicy } from './sluice-policy.ts';
import { requestsOf } from './workload.ts';

export interface LearningRow {
  readonly name: string;
  /** Batches that took no longer than their bound, over all. */
  readonly coverage: number;
  /** Answers later than their deadline by more than 5 % of the time allowed. */
  readonly veryLate: number;
  readonly onTime: number;
  /** The bound over the expectation, of the fastest variant at the end. */
  readonly inflation: number;
}

const CASES: readonly { readonly name: string; readonly node: Node }[] = [
  { name: 'as swept, spread 3 %', node: FAMILY },
  { name: 'spread 10 %', node: { ...FAMILY, noise: 0.1 } },
  { name: 'spread 25 %', node: { ...FAMILY, noise: 0.25 } },
  {
    name: 'two busy slots 1.5 times as slow',
    node: { ...FAMILY, interference: (busy) => (busy > 1 ? 1.5 : 1) },
  },
  { name: 'twice as slow from half time on', node: { ...FAMILY, drift: (share) => (share > 0.5 ? 2 : 1) } },
  { name: 'three times as fast as swept', node: { ...FAMILY, drift: () => 1 / 3 } },
];

/** What the scheduler makes of latencies that are not as the warm-up sweep saw them, at 0.8 of the fastest variant. */
export function learningCases(horizon: number, told: (line: string) => void): LearningRow[] {
  return CASES.map(({ name, node }) => {
    const rate = 0.8 * capacity(FAMILY);
    const requests = requestsOf({ process: { kind: 'poisson' }, rate, horizon, seed: 9, slack: mixedSlack });
    const policy = new SluicePolicy(node, { maxBatchSize: MAX_BATCH_SIZE });
    const measures = measure(node, requests, simulate(policy, node, requests, 1), horizon);
    const costs = policy.lanes.map(({ cost }) => cost);
    const observed = costs.reduce((sum, { observations }) => sum + observations, 0);
    const covered = costs.reduce((sum, cost) => sum + cost.covered, 0);
    told(`learning ${name}`);
    const { veryLate, onTime } = measures;
    return { name, coverage: covered / observed, veryLate, onTime, inflation: costs.at(-1)?.inflation ?? 1 };
  });
}

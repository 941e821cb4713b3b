import { InferenceError } from '../errors.ts';
import type {
  ArmState,
  ComparisonState,
  RolloutPlan,
  RolloutShare,
  RunEnd,
  Target,
} from '../inference/rollout.ts';
import type { Registry } from '../inference/served.ts';
import type { ActiveRollout } from './active-rollout.ts';
import { type Baseline, orError } from './baseline.ts';
import { type Canary, readyTarget } from './canary.ts';
import type { RunRecord } from './run-record.ts';
import { baselineProblem, targetOf } from './target-check.ts';

/** A rollout as the admin interface answers it; ready for JSON. */
export interface RolloutDescription {
  readonly model: string;
  /** `rolled_back` as soon as one of the canaries is. */
  readonly state: 'active' | 'rolled_back';
  readonly source: 'file' | 'api';
  readonly since: string;
  readonly plan: RolloutPlan;
  readonly baseline: ArmDescription;
  readonly canaries: readonly CanaryDescription[];
  readonly shadow?: TargetDescription & {
    readonly share: number;
    readonly comparison: ComparisonDescription;
  };
}

interface TargetDescription {
  readonly version?: string;
  readonly variant?: string;
  /**
   * Why it cannot answer; its part of the traffic goes to the baseline then. Of the baseline: why the version that the
   * plan names cannot; `version` is the one that answers in its place.
   */
  readonly problem?: string;
}

interface ArmDescription extends TargetDescription {
  readonly requests: Readonly<Record<RunEnd, number>>;
  /** Share of the latest requests that failed. */
  readonly errorRate: number | null;
  /** 95th percentile of the latest requests. */
  readonly p95Ms: number | null;
}

interface CanaryDescription extends ArmDescription {
  readonly state: 'active' | 'rolled_back';
  readonly reason?: string;
  /** 0 once it is rolled back. */
  readonly share: number;
  readonly comparison: ComparisonDescription;
}

interface ComparisonDescription extends Omit<ComparisonState, 'largestDifference'> {
  /** JSON has no number for infinity. */
  readonly largestDifference: number | 'Infinity';
}

export function describeRollout(rollout: ActiveRollout, registry: Registry): RolloutDescription {
  const { model, plan, source, since, canaries, shadow } = rollout;
  const baseline = orError(() => rollout.baseline(registry));
  const target = (wanted: { readonly version?: string; readonly variant?: string }): TargetDescription =>
    baseline instanceof InferenceError || baseline.standIn
      ? { ...wanted, problem: 'the baseline is not READY' }
      : named(
          orError(() => targetOf(wanted, baseline, registry)),
          wanted,
        );
  return {
    model,
    state: canaries.some(({ breach }) => breach !== undefined) ? 'rolled_back' : 'active',
    source,
    since,
    plan,
    baseline: {
      ...describeBaseline(baseline, rollout, registry),
      requests: rollout.baselineRequests,
      ...figures(rollout.baselineRuns),
    },
    canaries: canaries.map((canary) => describeCanary(canary, target(targetNames(canary.plan)))),
    ...(plan.shadow === undefined
      ? {}
      : {
          shadow: {
            ...target(targetNames(plan.shadow)),
            share: plan.shadow.share,
            comparison: describeComparison(shadow.state()),
          },
        }),
  };
}

function describeCanary(canary: Canary, target: TargetDescription): CanaryDescription {
  const { breach, plan, requests, runs, comparisons } = canary;
  return {
    ...target,
    state: breach === undefined ? 'active' : 'rolled_back',
    ...(breach === undefined ? {} : { reason: `${breach.bound}: ${breach.reason}` }),
    share: breach === undefined ? plan.share : 0,
    requests,
    ...figures(runs),
    comparison: describeComparison(comparisons.state()),
  };
}

const describeComparison = ({ largestDifference, ...state }: ComparisonState): ComparisonDescription => ({
  ...state,
  largestDifference: largestDifference === Infinity ? 'Infinity' : largestDifference,
});

/** Who answers, and why the version that the plan names does not. */
function describeBaseline(
  baseline: Baseline | InferenceError,
  { plan, model }: ActiveRollout,
  registry: Registry,
): TargetDescription {
  const version = plan.baselineVersion;
  const found = named(baseline, version === undefined ? {} : { version });
  const problem = found.problem ?? baselineProblem(plan, model, registry);
  return problem === undefined ? found : { ...found, problem };
}

const named = (found: Target | InferenceError, wanted: TargetDescription): TargetDescription =>
  found instanceof InferenceError
    ? { ...wanted, problem: found.message }
    : { version: found.served.version, variant: found.variant.variant };

const targetNames = ({ version, variant }: TargetDescription): TargetDescription => ({
  ...(version === undefined ? {} : { version }),
  ...(variant === undefined ? {} : { variant }),
});

const figures = (runs: RunRecord) => ({
  errorRate: runs.requests === 0 ? null : runs.errorRate.ratio,
  p95Ms: runs.latency(0.95)?.value ?? null,
});

/** The arms of a rollout, for metrics. */
export function armStates(rollout: ActiveRollout, registry: Registry): ArmState[] {
  const { model, plan, canaries, shadow, baselineRequests } = rollout;
  const baseline = orError(() => rollout.baseline(registry));
  /** What a canary or shadow that cannot answer leaves to the baseline. */
  const shareOf = (wanted: RolloutShare): number =>
    baseline instanceof InferenceError ||
    baseline.standIn ||
    readyTarget(wanted, baseline, registry) === undefined
      ? 0
      : wanted.share;
  const states = canaries.map(
    ({ plan: its, breach, requests, comparisons }): ArmState => ({
      model,
      arm: 'canary',
      version: its.version ?? '',
      variant: its.variant ?? '',
      share: breach === undefined ? shareOf(its) : 0,
      rolledBack: breach !== undefined,
      requests,
      comparison: comparisons.state(),
    }),
  );
  const taken = states.reduce((sum, { share }) => sum + share, 0);
  states.unshift({
    model,
    arm: 'baseline',
    version: plan.baselineVersion ?? '',
    variant: '',
    share: Math.max(0, 1 - taken),
    rolledBack: false,
    requests: baselineRequests,
  });
  if (plan.shadow === undefined) return states;
  const { version = '', variant = '' } = plan.shadow;
  const share = shareOf(plan.shadow);
  return [
    ...states,
    { model, arm: 'shadow', version, variant, share, rolledBack: false, comparison: shadow.state() },
  ];
}

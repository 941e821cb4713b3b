import type { Logger } from 'pino';
import type {
  Arm,
  ArmRun,
  Rollout,
  RolloutPlan,
  RolloutShare,
  RoutedRequest,
  Target,
} from '../inference/rollout.ts';
import type { Registry, ServedVariant } from '../inference/served.ts';
import { reachesFloor } from '../inference/terms.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { type Baseline, type BaselineHistory, baselineOf } from './baseline.ts';
import { Canary, noRequests, readyTarget } from './canary.ts';
import { compareOutputs } from './compare-outputs.ts';
import { ComparisonRecord } from './comparison-record.ts';
import type { Breach } from './guard.ts';
import { endOf, endOfAnswer, latencyOf } from './run-ends.ts';
import { RunRecord } from './run-record.ts';
import { Sampler } from './sampler.ts';
import type { ShadowRuns } from './shadow-runs.ts';
import { positionOf, spansOf } from './share-table.ts';
import { comparable } from './signature-fit.ts';
import { isSame, nameOf } from './target-check.ts';

export interface RolloutContext {
  readonly shadows: ShadowRuns;
  readonly logger: Logger;
  readonly rolledBack: (model: string, breach: Breach) => void;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/** A second run of answers by one target, and what it is for. */
interface Comparing {
  readonly record: ComparisonRecord;
  readonly variant: ServedVariant;
  readonly compared: () => void;
}

/** What outlives a rollout's process: all but its figures. */
export interface KeptRollout {
  readonly plan: RolloutPlan;
  readonly source: 'file' | 'api';
  /** When it began, ISO 8601. */
  readonly since: string;
  /** Why its canaries were rolled back, in their order; null for those that run. */
  readonly breaches: readonly (Breach | null)[];
}

/** The rollout of one model while it lasts: sends requests to their arms and keeps the arms' figures. */
export class ActiveRollout implements Rollout, BaselineHistory {
  readonly model: string;
  readonly plan: RolloutPlan;
  readonly source: 'file' | 'api';
  readonly since: string;
  readonly canaries: readonly Canary[];
  /** What came of the shadow's runs. */
  readonly shadow = new ComparisonRecord();
  readonly baselineRequests = noRequests();
  readonly baselineRuns = new RunRecord();
  before: string | undefined;
  readonly #context: RolloutContext;
  readonly #salt: string;
  readonly #comparedCanaries: Sampler;
  readonly #shadowed: Sampler;

  constructor(model: string, { plan, source, since, breaches }: KeptRollout, context: RolloutContext) {
    this.model = model;
    this.plan = plan;
    this.source = source;
    this.since = since;
    this.#context = context;
    this.#salt = plan.salt ?? model;
    const spans = spansOf(plan.canaries.map(({ share }) => share));
    this.canaries = spans.flatMap((span, index) => {
      const canary = plan.canaries[index];
      return canary === undefined ? [] : [new Canary(canary, span, plan.guard, breaches[index] ?? undefined)];
    });
    this.#comparedCanaries = new Sampler(plan.compare, context.random);
    this.#shadowed = new Sampler(plan.shadow?.share ?? 0, context.random);
  }

  kept(): KeptRollout {
    const { plan, source, since, canaries } = this;
    return { plan, source, since, breaches: canaries.map(({ breach }) => breach ?? null) };
  }

  baseline(registry: Registry): Baseline {
    return baselineOf(this.plan, this.model, registry, this);
  }

  isRolledBack({ served, variant }: Target): boolean {
    return this.canaries.some(
      ({ breach, plan }) =>
        breach !== undefined &&
        plan.version === served.version &&
        (plan.variant ?? served.defaultVariant) === variant.variant,
    );
  }

  route(request: RoutedRequest, registry: Registry): Target {
    const baseline = this.baseline(registry);
    // A canary is compared with its baseline or not at all.
    if (baseline.standIn) return baseline;
    const position = positionOf(this.#salt, keyOf(request));
    const canary = this.canaries.find((each) => each.takes(position));
    const target = canary && readyTarget(canary.plan, baseline, registry);
    if (canary === undefined || target === undefined || !reachesFloor(request, baseline, target.variant)) {
      return { ...baseline, arm: this.#baselineArm(baseline, registry) };
    }
    return { ...target, arm: this.#canaryArm(canary, baseline.variant) };
  }

  #canaryArm(canary: Canary, baseline: ServedVariant): Arm {
    return {
      canary: true,
      pinned: canary.plan.variant !== undefined,
      answered: (run) => {
        canary.answered(run);
        this.#judge(canary);
        if (!this.#comparedCanaries.next()) return;
        this.#runAgain(run, {
          record: canary.comparisons,
          variant: baseline,
          compared: () => this.#judge(canary),
        });
      },
      failed: (error, milliseconds) => {
        const end = endOf(error);
        canary.ended(end);
        if (end === 'error') canary.runs.failed();
        else if (error.code === 'deadline_exceeded') canary.runs.late(milliseconds);
        this.#judge(canary);
      },
    };
  }

  #baselineArm(baseline: Target, registry: Registry): Arm {
    return {
      canary: false,
      pinned: false,
      answered: (run) => {
        // Only for the comparison with a canary: looking costs in proportion to the outputs.
        const end = this.canaries.length > 0 ? endOfAnswer(run.result) : 'ok';
        this.baselineRequests[end]++;
        for (const record of this.#baselineRecords()) {
          if (end === 'error') record.failed();
          else record.answered(latencyOf(run));
        }
        const { shadow } = this.plan;
        if (shadow === undefined || !this.#shadowed.next()) return;
        this.#shadow(run, shadow, baseline, registry);
      },
      failed: (error, milliseconds) => {
        const end = endOf(error);
        this.baselineRequests[end]++;
        for (const record of this.#baselineRecords()) {
          if (end === 'error') record.failed();
          else if (error.code === 'deadline_exceeded') record.late(milliseconds);
        }
      },
    };
  }

  *#baselineRecords(): Iterable<RunRecord> {
    if (this.baselineRuns.fresh >= RECENT_REQUESTS) this.baselineRuns.rotate();
    yield this.baselineRuns;
    for (const canary of this.canaries) yield canary.baseline;
  }

  #shadow(run: ArmRun, shadow: RolloutShare, baseline: Target, registry: Registry): void {
    const target = readyTarget(shadow, baseline, registry);
    if (target === undefined) this.shadow.dropped();
    else this.#runAgain(run, { record: this.shadow, variant: target.variant, compared: () => {} });
  }

  /**
   * Offers an answered request to another variant, on idle capacity. What it computed itself teaches nothing, nor does
   * an answer without a row.
   */
  #runAgain({ inputs, outputs, result, answering }: ArmRun, { record, variant, compared }: Comparing): void {
    const rows = rowsFor(inputs, answering, variant);
    if (rows === 0 || result.reuse !== undefined) return;
    if (isSame(answering, variant) || !comparable(variant.signature, answering.signature)) return;
    const wanted = outputs?.filter((name) => variant.signature.outputs.some((each) => each.name === name));
    if (wanted?.length === 0) return;
    this.#context.shadows.offer({
      runner: variant.spare,
      inputs,
      outputs: wanted,
      compared: (other) => {
        const ran = isBatched(variant) ? other.batchSize : rows;
        record.compared(compareOutputs(result.outputs, other.outputs, ran, rows));
        compared();
      },
      failed: () => record.failed(),
      dropped: () => record.dropped(),
    });
  }

  #judge(canary: Canary): void {
    const breach = canary.judge();
    if (breach === undefined) return;
    const { model } = this;
    const { logger, rolledBack } = this.#context;
    rolledBack(model, breach);
    logger.warn(
      { model, canary: canary.plan, bound: breach.bound, reason: breach.reason },
      `canary ${nameOf(canary.plan)} is rolled back`,
    );
  }
}

/** Requests of the baseline after which the older ones are forgotten. */
const RECENT_REQUESTS = 1000;

const isBatched = ({ batching }: ServedVariant): boolean => batching.maxBatchSize > 0;

/**
 * Rows in which the answers of two variants to a request are compared. They take the same tensors: where dimension 0 is
 * the batch axis of one of them it counts the rows of both. The request is one row where it is of neither.
 */
function rowsFor(inputs: TensorMap, one: ServedVariant, other: ServedVariant): number {
  const [first] = inputs.values();
  return isBatched(one) || isBatched(other) ? (first?.shape[0] ?? 1) : 1;
}

/** What keeps a client on its arm: the key it gives, else the id of the request, else its address. */
function keyOf({ parameters, key, id, client }: RoutedRequest): string {
  const given = parameters.get('rollout_key');
  const own = given === undefined ? key : String(given);
  return [own, id, client].find((each) => each !== undefined && each !== '') ?? '';
}

import type { Logger } from 'pino';
import { InferenceError, invalidArgument, messageOf, notFound } from '../errors.ts';
import {
  type ArmState,
  BOUNDS,
  type RollbackCount,
  type RolloutPlan,
  type Rollouts,
} from '../inference/rollout.ts';
import type { Registry } from '../inference/served.ts';
import { ActiveRollout, type KeptRollout } from './active-rollout.ts';
import { mainOf, orError } from './baseline.ts';
import { armStates, describeRollout, type RolloutDescription } from './describe-rollout.ts';
import type { Breach } from './guard.ts';
import { ShadowRuns, type ShadowRunsOptions } from './shadow-runs.ts';
import { baselineProblem, problemsOf } from './target-check.ts';

/** What is kept of a model for the next start. */
interface Kept {
  /** What its file said last, as JSON; empty for nothing. */
  readonly file: string;
  readonly running?: KeptRollout;
}

/** Keeps how the rollouts stand for the next start. Never rejects. */
export interface RolloutMemory {
  read(model: string): Promise<Kept | undefined>;
  write(model: string, kept: Kept): Promise<void>;
}

export interface ActiveRolloutsOptions extends ShadowRunsOptions {
  readonly logger: Logger;
  /** Not asked before a model is loaded. */
  readonly registry: () => Registry;
  /** Undefined where nothing is kept. */
  readonly memory?: RolloutMemory | undefined;
  /** Told when a model may have a rollout that had none, or none any more. Must not throw. */
  readonly onChange?: () => void;
  /** Numbers in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * The rollouts of all models: at most one each, from its model.json or set by the admin interface; the later one
 * counts.
 */
export class ActiveRollouts implements Rollouts {
  readonly #logger: Logger;
  readonly #registry: () => Registry;
  readonly #random: () => number;
  readonly #memory: RolloutMemory | undefined;
  readonly #onChange: () => void;
  readonly #shadows: ShadowRuns;
  readonly #active = new Map<string, ActiveRollout>();
  /** What the files said last, as JSON; of every model that was loaded. */
  readonly #files = new Map<string, string>();
  readonly #rollbacks = new Map<string, RollbackCount>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ActiveRolloutsOptions) {
    const { logger, registry, memory, onChange = () => {}, random = Math.random, ...shadowOptions } = options;
    this.#logger = logger;
    this.#onChange = onChange;
    this.#registry = registry;
    this.#random = random;
    this.#memory = memory;
    this.#shadows = new ShadowRuns(shadowOptions);
  }

  of(model: string): ActiveRollout | undefined {
    return this.#active.get(model);
  }

  /**
   * Begins a rollout, in place of the one there is. Throws `invalid_argument`, or `failed_precondition` where a target
   * is not READY, naming everything that is wrong; `not_found` for an unknown model.
   */
  set(model: string, plan: RolloutPlan): RolloutDescription {
    const problems = problemsOf(plan, model, this.#registry());
    const [first] = problems;
    if (first !== undefined) throw joined(first, problems);
    this.#begin(model, plan, 'api');
    return this.describe(model);
  }

  /** Ends a rollout. `not_found` where there is none. */
  remove(model: string): void {
    this.#find(model);
    this.#active.delete(model);
    this.#onChange();
    this.#keep(model);
    this.#logger.info({ model }, 'rollout ended');
  }

  /** How a rollout stands. `not_found` where there is none. */
  describe(model: string): RolloutDescription {
    return describeRollout(this.#find(model), this.#registry());
  }

  /**
   * What the file of a model asks for, told at each of its loads. Only a change counts: a canary that was rolled back,
   * or a rollout of the admin interface, is not undone by a reload, nor by a start that finds the file as it was.
   * @returns the version that the rollout's baseline is to be
   */
  async configured(model: string, plan: RolloutPlan | undefined): Promise<string | undefined> {
    if (this.#memory !== undefined && !this.#files.has(model)) await this.#restore(model, this.#memory);
    const before = this.#answering(model);
    const known = this.#active.get(model);
    if (known !== undefined) known.before = before;
    this.#read(model, plan, before);
    return this.#active.get(model)?.plan.baselineVersion;
  }

  #read(model: string, plan: RolloutPlan | undefined, before: string | undefined): void {
    const text = plan === undefined ? '' : JSON.stringify(plan);
    const known = this.#files.get(model) ?? '';
    this.#files.set(model, text);
    if (text === known) return;
    if (plan !== undefined) this.#begin(model, plan, 'file', before);
    else if (this.#active.get(model)?.source === 'file') this.remove(model);
  }

  /** The version that answers requests that name none, before anything of a load has changed it. */
  #answering(model: string): string | undefined {
    const registry = this.#registry();
    const find = () => this.#active.get(model)?.baseline(registry) ?? mainOf(registry.version(model));
    const target = orError(find);
    return target instanceof InferenceError ? undefined : target.served.version;
  }

  /**
   * Tells in the log what of a model's rollout cannot be done with what is loaded; its traffic goes to the baseline.
   */
  check(model: string): void {
    const rollout = this.#active.get(model);
    if (rollout === undefined) return;
    const registry = this.#registry();
    try {
      const { standIn, served } = rollout.baseline(registry);
      if (standIn) {
        const reason = baselineProblem(rollout.plan, model, registry);
        const { version } = served;
        this.#logger.warn(
          { model, version, reason },
          "the rollout's baseline cannot answer, this version does",
        );
        return;
      }
      for (const { message } of problemsOf(rollout.plan, model, registry, rollout)) {
        this.#logger.warn({ model, reason: message }, 'part of the rollout cannot be done');
      }
    } catch (error) {
      this.#logger.warn({ model, reason: messageOf(error) }, 'the rollout cannot be done');
    }
  }

  answers(model: string): boolean {
    const rollout = this.#active.get(model);
    return (
      rollout === undefined || !(orError(() => rollout.baseline(this.#registry())) instanceof InferenceError)
    );
  }

  /** The model is gone from the repository. */
  forget(model: string): void {
    this.#active.delete(model);
    this.#onChange();
    this.#files.delete(model);
    this.#keep(model);
  }

  /** Settles when everything is kept. */
  close(): Promise<void> {
    return this.#writing;
  }

  states(): ArmState[] {
    const registry = this.#registry();
    return [...this.#active.values()].flatMap((rollout) => armStates(rollout, registry));
  }

  rollbacks(): RollbackCount[] {
    const models = new Set([
      ...this.#active.keys(),
      ...[...this.#rollbacks.values()].map(({ model }) => model),
    ]);
    return [...models].flatMap((model) =>
      BOUNDS.map((bound) => this.#rollbacks.get(`${model} ${bound}`) ?? { model, bound, count: 0 }),
    );
  }

  #begin(model: string, plan: RolloutPlan, source: 'file' | 'api', before?: string): void {
    this.#run(model, { plan, source, since: new Date().toISOString(), breaches: [] }, before);
    this.#keep(model);
    this.#logger.info({ model, source, rollout: plan }, 'rollout began');
  }

  /** @param before see `BaselineHistory`; known before anybody is told of the rollout */
  #run(model: string, rollout: KeptRollout, before?: string): void {
    const running = new ActiveRollout(model, rollout, {
      shadows: this.#shadows,
      logger: this.#logger,
      rolledBack: (of, breach) => {
        this.#count(of, breach);
        this.#keep(of);
      },
      random: this.#random,
    });
    running.before = before;
    this.#active.set(model, running);
    this.#onChange();
  }

  async #restore(model: string, memory: RolloutMemory): Promise<void> {
    await this.#writing;
    const kept = await memory.read(model);
    if (kept === undefined) return;
    this.#files.set(model, kept.file);
    if (kept.running === undefined) return;
    this.#run(model, kept.running);
    this.#logger.info({ model, rollout: kept.running }, 'the rollout of an earlier start goes on');
  }

  #keep(model: string): void {
    const running = this.#active.get(model)?.kept();
    const kept = { file: this.#files.get(model) ?? '', ...(running === undefined ? {} : { running }) };
    this.#writing = this.#writing.then(() => this.#memory?.write(model, kept));
  }

  #count(model: string, { bound }: Breach): void {
    const key = `${model} ${bound}`;
    const count = (this.#rollbacks.get(key)?.count ?? 0) + 1;
    this.#rollbacks.set(key, { model, bound, count });
  }

  #find(model: string): ActiveRollout {
    const rollout = this.#active.get(model);
    if (rollout !== undefined) return rollout;
    this.#registry().versions(model);
    throw notFound(`model '${model}' has no rollout`);
  }
}

/** One error of several: of the first one's kind. */
function joined(first: InferenceError, problems: readonly InferenceError[]): InferenceError {
  if (problems.length === 1) return first;
  return invalidArgument(problems.map(({ message }) => message).join('; '));
}

import { InferenceError } from '../errors.ts';
import type { ScheduleState, VariantObserver } from '../inference/observer.ts';
import type { Runner, RunOptions, RunResult, SlottedRunner } from '../inference/runner.ts';
import type { EarlyRequest } from '../inference/served.ts';
import type { Batching, Padding, Signature } from '../inference/signature.ts';
import { signatureKey } from '../inference/terms.ts';
import type { CostModel } from '../scheduling/cost-model.ts';
import type { SchedulerGauges } from '../scheduling/gauges.ts';
import { Interference } from '../scheduling/interference.ts';
import { MOST_LANES } from '../scheduling/lane.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import type { BatchLane, ScheduleSettings } from './batch-lane.ts';
import { refusals } from './refusals.ts';
import { ScheduledBatcher } from './scheduled-batcher.ts';

/** A variant that is open, for the scheduler of its version. */
export interface VariantLane {
  readonly variant: string;
  /** Fraction of right answers, where it was measured. */
  readonly accuracy: number | undefined;
  readonly runner: SlottedRunner;
  readonly cost: CostModel;
  readonly signature: Signature;
  readonly batching: Batching;
  readonly padding: Padding | undefined;
  readonly observer: VariantObserver;
}

/** Lanes that can stand in for each other, and the batchers over them: the newest takes requests, older ones drain. */
interface Group {
  /** The queue has the settings of the first. */
  lanes: readonly VariantLane[];
  current: ScheduledBatcher | undefined;
  readonly draining: Set<Promise<void>>;
}

/**
 * The scheduling of one version while its variants come and go. A change of the variants makes a new batcher over the
 * same workers; the old one answers what it has accepted.
 */
export class VersionScheduler {
  /** Shared by all lanes' cost models. */
  readonly interference = new Interference();
  readonly #settings: ScheduleSettings;
  readonly #groups = new Map<string, Group>();

  constructor(settings: ScheduleSettings) {
    this.#settings = settings;
  }

  /**
   * Adds a variant; one of the same name that is still open gives it its place, and is not chosen any more.
   * @returns a runner that answers on it, or on those that the terms of a run allow; closing it takes the variant out
   * and closes its workers
   * @throws `failed_precondition` where the version has as many variants as can be told apart; the workers stay open
   */
  open(lane: VariantLane): LaneRunner {
    const key = `${lane.batching.maxBatchSize === 0 ? 'alone' : 'batched'} ${signatureKey(lane.signature)}`;
    const group = this.#groups.get(key) ?? { lanes: [], current: undefined, draining: new Set() };
    const place = group.lanes.findIndex(({ variant }) => variant === lane.variant);
    if (place < 0 && group.lanes.length >= MOST_LANES) throw tooMany();
    this.#groups.set(key, group);
    this.#change(group, place < 0 ? [...group.lanes, lane] : group.lanes.with(place, lane));
    return new LaneRunner(lane, group, () => this.#remove(key, group, lane));
  }

  /** What stands out of its batchers: the fullest of them counts. */
  state(): Omit<ScheduleState, 'model' | 'version'> {
    const groups = [...this.#groups.values()];
    const gauges = groups.flatMap(({ current }) => (current === undefined ? [] : [current.gauges()]));
    const most = (pick: (each: SchedulerGauges) => number): number => Math.max(0, ...gauges.map(pick));
    return {
      saturation: most(({ saturation }) => saturation),
      demandUtilisation: most(({ demandUtilisation }) => demandUtilisation),
      accuracyDebt: most(({ accuracyDebt }) => accuracyDebt),
      predictions: groups.flatMap(({ lanes }) =>
        lanes.map(({ variant, cost }) => ({
          variant,
          made: cost.observations,
          kept: cost.covered,
          ...cost.times,
        })),
      ),
    };
  }

  async #remove(key: string, group: Group, lane: VariantLane): Promise<void> {
    if (group.lanes.includes(lane)) {
      this.#change(
        group,
        group.lanes.filter((each) => each !== lane),
      );
    }
    if (group.lanes.length === 0 && this.#groups.get(key) === group) this.#groups.delete(key);
    await Promise.all(group.draining);
    await lane.runner.close();
  }

  #change(group: Group, lanes: readonly VariantLane[]): void {
    if (group.current !== undefined) {
      const drained = group.current.close().finally(() => group.draining.delete(drained));
      group.draining.add(drained);
    }
    group.lanes = lanes;
    group.current = this.#batcher(lanes);
  }

  #batcher(lanes: readonly VariantLane[]): ScheduledBatcher | undefined {
    const [main] = lanes;
    if (main === undefined) return undefined;
    const dimension = main.padding?.dimension;
    const agreed = lanes.every(({ padding }) => padding?.dimension === dimension);
    const having = (specs: Signature['inputs']) =>
      new Set(specs.flatMap(({ name, dims }) => (dims[1] === dimension ? [name] : [])));
    const { signature, batching, observer } = main;
    return new ScheduledBatcher({
      lanes: lanes.map((lane, index) => batchLane(lane, index)),
      signature,
      batching,
      ...(agreed && dimension !== undefined
        ? { padded: { inputs: having(signature.inputs), outputs: having(signature.outputs) } }
        : {}),
      interference: this.interference,
      settings: this.#settings,
      queueChanged: (depth) => observer.queueChanged(depth),
    });
  }
}

const tooMany = (): InferenceError =>
  new InferenceError(
    'failed_precondition',
    `${MOST_LANES} variants of the version are loaded, which is the most that can answer for each other`,
  );

/** Runs on one lane unless the terms of the run allow others. */
export class LaneRunner implements Runner {
  readonly #lane: VariantLane;
  readonly #group: Group;
  readonly #remove: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(lane: VariantLane, group: Group, remove: () => Promise<void>) {
    this.#lane = lane;
    this.#group = group;
    this.#remove = remove;
  }

  /** Requests of the whole version, told by its first variant alone. */
  get inFlight(): number {
    return this.#group.lanes[0] === this.#lane ? (this.#group.current?.inFlight ?? 0) : 0;
  }

  /** Entries of the whole version that wait, told by its first variant alone. */
  get queueDepth(): number {
    return this.#group.lanes[0] === this.#lane ? (this.#group.current?.queueDepth ?? 0) : 0;
  }

  run(inputs: TensorMap, options: RunOptions = {}): Promise<RunResult> {
    const { current } = this.#group;
    if (this.#closed !== undefined || current === undefined) return Promise.reject(refusals.closing());
    const terms = options.terms ?? {
      variants: [this.#lane.variant],
      route: 'pinned',
      preference: 'accuracy',
      client: '',
    };
    return current.run(inputs, { ...options, terms });
  }

  refusal(request: EarlyRequest, pinned: boolean): InferenceError | undefined {
    return this.#group.current?.refusal(pinned ? { ...request, pinned: this.#lane.variant } : request);
  }

  close(): Promise<void> {
    this.#closed ??= this.#remove();
    return this.#closed;
  }
}

function batchLane(
  { variant, accuracy, cost, batching, runner, observer }: VariantLane,
  index: number,
): BatchLane {
  return {
    index,
    variant,
    accuracy: accuracy ?? 0,
    cost,
    maxBatchSize: Math.max(1, batching.maxBatchSize),
    maxTokens: Infinity,
    get freeSlots() {
      return runner.freeSlots;
    },
    get concurrency() {
      return runner.concurrency;
    },
    cores: runner.cores,
    get idle() {
      return Math.max(0, runner.instances - runner.running);
    },
    get slotsAhead() {
      return runner.slotsAhead;
    },
    runner,
    observer,
  };
}

/** The schedulers of all versions, by name; made when first asked for. */
export class VersionSchedulers {
  readonly #settings: ScheduleSettings;
  readonly #schedulers = new Map<
    string,
    { readonly model: string; readonly version: string; readonly scheduler: VersionScheduler }
  >();

  constructor(settings: ScheduleSettings) {
    this.#settings = settings;
  }

  of(model: string, version: string): VersionScheduler {
    const key = `${model}/${version}`;
    const known = this.#schedulers.get(key) ?? {
      model,
      version,
      scheduler: new VersionScheduler(this.#settings),
    };
    this.#schedulers.set(key, known);
    return known.scheduler;
  }

  /** Of the versions that have a variant open. */
  states(): ScheduleState[] {
    return [...this.#schedulers.values()].flatMap(({ model, version, scheduler }) => {
      const state = scheduler.state();
      return state.predictions.length === 0 ? [] : [{ model, version, ...state }];
    });
  }
}

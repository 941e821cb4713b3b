import { CostModel } from '../../src/scheduling/cost-model.ts';
import { Interference } from '../../src/scheduling/interference.ts';
import type { Lane } from '../../src/scheduling/lane.ts';
import { LatenessMargin } from '../../src/scheduling/lateness-margin.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import type { Decision } from '../../src/scheduling/scheduler-policy.ts';
import type { Running } from '../../src/scheduling/slots.ts';
import { longest } from './rivals/fixed-window.ts';
import type { Node, Policy, SimBatch, Step } from './simulate.ts';
import type { SimRequest } from './workload.ts';

export interface SluiceSettings {
  readonly maxBatchSize: number;
  readonly maxTokens?: number;
  readonly maxEntries?: number;
  /** Lengths that the warm-up sweep runs. */
  readonly lengths?: readonly number[];
  /** The variants it may use, by index; all when left out. */
  readonly variants?: readonly number[];
  /** Takes every request for this long, and finds out how long a batch is when it runs. */
  readonly blind?: number;
  /** Overrides what a request may have, at its arrival. */
  readonly restrict?: (request: SimRequest, now: number) => number;
}

type Dispatch = Extract<Decision<SimRequest>, { kind: 'dispatch' }>;

const SWEEP_ROWS = [1, 2, 4, 8];

/** The server's own scheduler. It knows of a variant what a warm-up sweep has shown it, and learns the rest. */
export class SluicePolicy implements Policy {
  readonly scheduler: Scheduler<SimRequest>;
  readonly lanes: readonly Lane[];
  readonly #variants: readonly number[];
  readonly #restrict: SluiceSettings['restrict'];
  readonly #blind: number | undefined;
  readonly #margin = new LatenessMargin();
  readonly #running = new Map<SimBatch, { dispatch: Dispatch; running: Running }>();

  constructor(node: Node, settings: SluiceSettings) {
    const interference = new Interference();
    this.#variants = settings.variants ?? node.variants.map((_, index) => index);
    this.#restrict = settings.restrict;
    this.#blind = settings.blind;
    this.lanes = this.#variants.map((variant, index): Lane => {
      const { name, accuracy, latency } = node.variants[variant] as Node['variants'][number];
      const cost = new CostModel(interference);
      cost.sweep(
        (settings.lengths ?? [1]).flatMap((length) =>
          SWEEP_ROWS.map((rows) => ({ rows, length, latency: latency(rows, length) })),
        ),
      );
      return {
        index,
        variant: name,
        accuracy,
        cost,
        maxBatchSize: settings.maxBatchSize,
        maxTokens: settings.maxTokens ?? Infinity,
        freeSlots: node.slots,
      };
    });
    this.scheduler = new Scheduler<SimRequest>({
      lanes: this.lanes,
      slots: () => node.slots,
      interference,
      limits: { entries: settings.maxEntries ?? 10_000, bytes: Infinity },
      sojourn: { target: 200, interval: 1000 },
    });
  }

  arrive(request: SimRequest, now: number): boolean {
    Object.assign(request, { deadline: this.#margin.due(request.due, now) });
    const allowed = this.#restrict?.(request, now) ?? request.allowed;
    if (allowed !== request.allowed) Object.assign(request, { allowed });
    if (this.#blind !== undefined) Object.assign(request, { length: this.#blind });
    return this.scheduler.offer(request, now).kind === 'accept';
  }

  next(now: number): Step {
    const decision = this.scheduler.next(now);
    if (decision.kind === 'idle' || decision.kind === 'wait') return decision;
    if (decision.kind === 'drop') {
      for (const entry of decision.entries) this.scheduler.settled(entry);
      return { kind: 'drop', requests: decision.entries };
    }
    const variant = this.#variants[decision.lane.index] as number;
    const length = this.#blind === undefined ? decision.length : longest(decision.entries);
    const batch: SimBatch = { variant, requests: decision.entries, length };
    this.#running.set(batch, { dispatch: decision, running: this.scheduler.started(decision, now) });
    return { kind: 'run', batch };
  }

  ended(batch: SimBatch, _latency: number, now: number): void {
    const known = this.#running.get(batch);
    if (known === undefined) return;
    this.#running.delete(batch);
    this.scheduler.ended(known.dispatch, known.running, now);
    this.scheduler.learn(known.dispatch, known.running, now);
    this.#margin.observe(batch.requests.some(({ due }) => due < now));
    for (const request of batch.requests) this.scheduler.settled(request);
  }
}

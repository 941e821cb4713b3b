import { ArrivalRate } from './arrival-rate.ts';
import type { Entry } from './entry.ts';
import { allows, type Lane } from './lane.ts';

const MEMORY_MS = 10_000;
/** The share of what is asked that is refused where the node is at its limit. */
const LEAST_REFUSED = 0.001;

/** What is exported for dashboards and autoscalers; means over about ten seconds. */
export interface SchedulerGauges {
  /** Share of the answers that came from a less accurate variant than their requests allowed. */
  readonly accuracyDebt: number;
  /**
   * Share of the node that the offered demand takes on the cheapest allowed variants; above 1 some of it is refused.
   */
  readonly demandUtilisation: number;
  /** 0 idle, 1 at capacity without refusing: what to scale on. */
  readonly saturation: number;
}

/** Counts what was answered and refused. The counts of both fade alike, so that a share of them says nothing of its age. */
export class ServiceRecord {
  readonly #answered = new ArrivalRate(MEMORY_MS);
  readonly #lowered = new ArrivalRate(MEMORY_MS);
  readonly #refused = new ArrivalRate(MEMORY_MS);
  #lastAnswer = -Infinity;
  #lastRefusal = -Infinity;

  dispatched(entries: readonly Entry[], lane: Lane, lanes: readonly Lane[], now: number): void {
    this.#answered.add(entries.length, now);
    this.#lastAnswer = now;
    const better = lanes.filter(({ accuracy }) => accuracy > lane.accuracy);
    const lowered = entries.filter(({ allowed }) => better.some((each) => allows(allowed, each)));
    if (lowered.length > 0) this.#lowered.add(lowered.length, now);
  }

  refused(now: number): void {
    this.#refused.add(1, now);
    this.#lastRefusal = now;
  }

  gauges(demandUtilisation: number, now: number): SchedulerGauges {
    const answered = this.#answered.recent(now);
    const refused = this.#refused.recent(now);
    const isRecent = (event: number) => now - event <= MEMORY_MS;
    const refuses = isRecent(this.#lastRefusal) && refused / (answered + refused) > LEAST_REFUSED;
    return {
      accuracyDebt: isRecent(this.#lastAnswer) ? this.#lowered.recent(now) / answered : 0,
      demandUtilisation,
      saturation: refuses ? Math.max(demandUtilisation, 1) : Math.min(demandUtilisation, 1),
    };
  }
}

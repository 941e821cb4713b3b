import type { Entry } from './entry.ts';
import { allows, type Lane } from './lane.ts';
import { RecentShare } from './recent-share.ts';

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

/** What was answered, by a lesser variant than could have been, and refused. */
export class ServiceRecord {
  readonly #lowered = new RecentShare();
  readonly #refused = new RecentShare();

  answered(entries: readonly Entry[], lane: Lane, lanes: readonly Lane[], now: number): void {
    const better = lanes.filter(({ accuracy }) => accuracy > lane.accuracy);
    const lowered = entries.filter(({ allowed }) => better.some((each) => allows(allowed, each)));
    this.#lowered.add(entries.length, lowered.length, now);
    this.#refused.add(entries.length, 0, now);
  }

  refused(now: number): void {
    this.#refused.add(1, 1, now);
  }

  gauges(demandUtilisation: number, now: number): SchedulerGauges {
    const refuses = this.#refused.at(now) > LEAST_REFUSED;
    return {
      accuracyDebt: this.#lowered.at(now),
      demandUtilisation,
      saturation: refuses ? Math.max(demandUtilisation, 1) : Math.min(demandUtilisation, 1),
    };
  }
}

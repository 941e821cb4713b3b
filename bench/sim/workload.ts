import type { Entry } from '../../src/scheduling/entry.ts';
import { arrivals, type Process } from './arrivals.ts';
import { Random } from './random.ts';

/** A variant as it really is; what a policy knows of it is the policy's affair. */
export interface TrueVariant {
  readonly name: string;
  readonly accuracy: number;
  /** Milliseconds of a batch. */
  latency(rows: number, length: number): number;
}

export interface Workload {
  readonly process: Process;
  /** Requests per millisecond. */
  readonly rate: number;
  /** Milliseconds. */
  readonly horizon: number;
  readonly seed: number;
  /** Milliseconds from arrival to deadline; drawn for each request. */
  readonly slack: (random: Random) => number;
  readonly length?: (random: Random) => number;
  /** Bit mask of the variants it may have; every one when left out. */
  readonly allowed?: (random: Random) => number;
  readonly client?: (random: Random) => string;
  readonly priority?: (random: Random) => number;
}

export interface SimRequest extends Entry {
  readonly id: number;
  /** Its length as it is, whatever the policy takes it for. */
  readonly tokens: number;
  /** When it has to be answered; `deadline` is what is planned for. */
  readonly due: number;
}

export const EVERY_LANE = 0x7fff_ffff;

/** The requests of a workload in order of arrival: the same for every policy. */
export function requestsOf(workload: Workload): SimRequest[] {
  const random = new Random(workload.seed);
  const requests: SimRequest[] = [];
  for (const acceptedAt of arrivals(workload.process, workload.rate, workload.horizon, random)) {
    const tokens = workload.length?.(random) ?? 1;
    const due = acceptedAt + workload.slack(random);
    requests.push({
      id: requests.length,
      tokens,
      due,
      rows: 1,
      length: tokens,
      acceptedAt,
      deadline: due,
      patient: false,
      priority: workload.priority?.(random) ?? 1,
      client: workload.client?.(random) ?? '',
      allowed: workload.allowed?.(random) ?? EVERY_LANE,
      route: 'free',
      preference: 'accuracy',
      key: '',
      bytes: 0,
      weight: 1,
      demand: 0,
      latest: 0,
      batch: 0,
      startBy: Infinity,
      taken: false,
      sequence: 0,
      block: undefined,
    });
  }
  return requests;
}

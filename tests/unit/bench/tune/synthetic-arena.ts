import { normal, uniform } from '../../../../bench/statistics/random.ts';
import type { Arena, WindowTimes } from '../../../../bench/tune/arena.ts';
import { type Configuration, idOf } from '../../../../bench/tune/configuration.ts';
import type { Sample } from '../../../../bench/tune/figures.ts';
import { histogramOf } from '../result-fixture.ts';

export interface Objective {
  /** Rows per second, before noise. */
  rows(configuration: Configuration): number;
  /** Milliseconds. */
  p99?(configuration: Configuration): number;
  /** Why it cannot be opened. */
  refusal?(configuration: Configuration): string | undefined;
  /** Spread of the logarithm of a window's throughput. */
  readonly noise: number;
}

/** Milliseconds that opening takes, and a window beside its own time. */
const OPENING = 400;
const OVERHEAD = 50;

/** An arena on a clock of its own, whose windows are drawn around what an objective says. */
export class SyntheticArena implements Arena {
  /** What was asked of it, in its order. */
  readonly calls: string[] = [];
  readonly #open = new Set<string>();
  readonly #objective: Objective;
  readonly #random: () => number;
  #time = 0;

  constructor(objective: Objective, seed: number) {
    this.#objective = objective;
    this.#random = uniform(seed);
  }

  now(): number {
    return this.#time;
  }

  async open(configuration: Configuration): Promise<void> {
    this.#time += OPENING;
    const refusal = this.#objective.refusal?.(configuration);
    this.calls.push(`open ${idOf(configuration)}`);
    if (refusal !== undefined) throw new Error(refusal);
    this.#open.add(idOf(configuration));
  }

  async close(configuration: Configuration): Promise<void> {
    this.calls.push(`close ${idOf(configuration)}`);
    this.#open.delete(idOf(configuration));
  }

  async measure(
    configuration: Configuration,
    concurrency: number,
    { warmUp, duration }: WindowTimes,
  ): Promise<Sample> {
    if (!this.#open.has(idOf(configuration))) throw new Error(`${idOf(configuration)} is not open`);
    this.calls.push(`measure ${idOf(configuration)} ${concurrency} ${duration}`);
    this.#time += warmUp + duration + OVERHEAD;
    const { rows, p99, noise } = this.#objective;
    const rate = rows(configuration) * Math.exp(noise * normal(this.#random));
    const tail = p99?.(configuration) ?? 10;
    return {
      seconds: duration / 1000,
      rows: (rate * duration) / 1000,
      latency: histogramOf(Array.from({ length: 400 }, (_, index) => (index < 380 ? tail / 2 : tail))),
      failures: {},
      others: 0,
      cpu: duration / 1000,
    };
  }
}

export const silent = { status: () => {}, round: () => {} };

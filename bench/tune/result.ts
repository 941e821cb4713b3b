import type { Lengths } from '../inputs/lengths.ts';
import type { Machine } from '../machine/describe.ts';
import type { Protocol } from '../targets/target.ts';
import { type Configuration, idOf, type Settings, settingsFor } from './configuration.ts';
import type { Duel } from './duel.ts';
import type { LoadFigures } from './figures.ts';
import { paretoFront } from './pareto.ts';
import type { Racer } from './race.ts';
import type { Tuned, Verdict } from './tune.ts';

export const FORMAT = 'sluice-tune/1';

export interface TunedConfiguration {
  readonly configuration: Configuration;
  /** What model.json has to say for it. */
  readonly keys: Settings;
  readonly isDefault: boolean;
  /** Rounds it was measured in; figures are of the last of them. */
  readonly rounds: number;
  readonly loads: readonly LoadFigures[];
  /** Concurrencies at which nothing else has more throughput without being slower. */
  readonly front: readonly number[];
  /** Why it was given up; empty where it was not. */
  readonly problem: string;
}

/** A whole search, as the JSON file has it. */
export interface TuneResult {
  readonly format: typeof FORMAT;
  /** ISO 8601. */
  readonly started: string;
  readonly machine: Machine;
  readonly model: string;
  readonly protocol: Protocol;
  readonly rowsPerRequest: number;
  readonly lengths: Lengths;
  readonly concurrencies: readonly number[];
  /** Bound of the 99th percentile, milliseconds. */
  readonly bound: number;
  /** Seconds that were given, and taken. */
  readonly budget: number;
  readonly took: number;
  readonly seed: number;
  /** What the server says about batching of the model. */
  readonly batching: string;
  readonly defaults: Configuration;
  readonly verdict: Verdict;
  readonly winner?: { readonly configuration: Configuration; readonly keys: Settings };
  /** The winner to whom it would replace, from windows of their own in turn; the interval is of 95 % confidence. */
  readonly duel?: Duel;
  /** The best first. */
  readonly configurations: readonly TunedConfiguration[];
  /** The file that was written. */
  readonly written?: string;
}

/** The figures of a search in the form of the JSON file. */
export function figuresOfTuned({ racers, duel, winner, verdict }: Tuned, defaults: Configuration) {
  const points = racers.flatMap((racer) =>
    racer.loads.filter(({ p99 }) => !Number.isNaN(p99)).map((load) => ({ ...load, racer })),
  );
  const front = paretoFront(points);
  const frontOf = (racer: Racer): number[] =>
    front.filter((point) => point.racer === racer).map(({ concurrency }) => concurrency);
  return {
    verdict,
    ...(winner === undefined
      ? {}
      : { winner: { configuration: winner, keys: settingsFor(winner, defaults) } }),
    ...(duel === undefined ? {} : { duel }),
    configurations: racers.map(
      (racer): TunedConfiguration => ({
        configuration: racer.configuration,
        keys: settingsFor(racer.configuration, defaults),
        isDefault: idOf(racer.configuration) === idOf(defaults),
        rounds: racer.rounds,
        loads: racer.loads,
        front: frontOf(racer),
        problem: racer.problem,
      }),
    ),
  };
}

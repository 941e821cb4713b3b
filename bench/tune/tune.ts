import type { Arena, RaceProgress } from './arena.ts';
import { type Configuration, idOf } from './configuration.ts';
import { type Contender, type Duel, runDuel } from './duel.ts';
import { bestLoad } from './figures.ts';
import { Pace } from './pace.ts';
import { type RaceOptions, type Racer, runRace } from './race.ts';

/**
 * `gain`: the winner answers more than its rival, beyond the noise. `bound`: it keeps the bound and the rival does not,
 * both for sure. `defaults`: nothing beat them. `unclear`: what won the final did not confirm it. `nothing`: no configuration keeps the bound.
 */
export type Verdict = 'gain' | 'bound' | 'defaults' | 'unclear' | 'nothing';

export interface Tuned {
  readonly verdict: Verdict;
  readonly racers: readonly Racer[];
  /** Undefined where nothing keeps the bound. */
  readonly winner?: Configuration;
  /** Undefined where the defaults won, or nothing did. */
  readonly duel?: Duel;
}

/** Finds the configuration that answers most rows per second within the bound, in `budget` milliseconds. */
export async function tune(
  arena: Arena,
  options: RaceOptions & { readonly budget: number },
  progress: RaceProgress,
): Promise<Tuned> {
  const pace = new Pace(arena, options.budget);
  const { racers, finalists } = await runRace(arena, pace, options, progress);
  const [first] = finalists;
  const best = first && bestLoad(first.loads, 'measured');
  if (first === undefined || best === undefined) return { verdict: 'nothing', racers };
  const { defaults } = options.space;
  const winner = first.configuration;
  if (idOf(winner) === idOf(defaults)) return { verdict: 'defaults', racers, winner };
  const duel = await runDuel(
    arena,
    pace,
    {
      rival: rivalOf(first, finalists, { configuration: defaults, concurrency: best.concurrency }),
      winner: { configuration: winner, concurrency: best.concurrency },
    },
    options.bound,
    progress,
  );
  if (duel === undefined) return { verdict: 'unclear', racers, winner };
  return { verdict: verdictOf(duel), racers, winner, duel };
}

/**
 * The better of the defaults and what is configured now, at its own best load, or at the winner's where it keeps the
 * bound at none: to beat the defaults is no reason to replace what beats them, too.
 */
function rivalOf(first: Racer, finalists: readonly Racer[], fallback: Contender): Contender {
  const racer = finalists.find((each) => each.kept && each !== first);
  const best = racer && bestLoad(racer.loads, 'measured');
  return {
    configuration: racer?.configuration ?? fallback.configuration,
    concurrency: best?.concurrency ?? fallback.concurrency,
  };
}

function verdictOf({ rival, winner, gain }: Duel): Verdict {
  if (!winner.within) return 'unclear';
  if (gain.low > 1) return 'gain';
  return winner.claim === 'met' && rival.claim === 'missed' ? 'bound' : 'unclear';
}

import { messageOf } from '../../src/errors.ts';
import { uniform } from '../statistics/random.ts';
import type { Arena, RaceProgress } from './arena.ts';
import { type Configuration, idOf, nameOf } from './configuration.ts';
import {
  bestLoad,
  compareLoads,
  figuresOf,
  type LoadFigures,
  type Sample,
  type Strictness,
} from './figures.ts';
import type { Pace } from './pace.ts';
import { entrants, promising, type Space, shuffled } from './space.ts';

export interface RaceOptions {
  readonly space: Space;
  /** What model.json has now, where that is not the defaults: it reaches the final as they do. */
  readonly asItIs?: Configuration;
  readonly concurrencies: readonly number[];
  /** Bound of the 99th percentile, milliseconds. */
  readonly bound: number;
  readonly seed: number;
  /** Configurations that may be open at once. */
  readonly mostOpen: number;
  /** Milliseconds of the budget that were gone before the race. */
  readonly spent?: number;
}

/** A configuration in the race, with what was measured of it in the last round it was in. */
export interface Racer {
  readonly configuration: Configuration;
  /** The defaults and what is configured now are never dropped. */
  readonly kept: boolean;
  /** Rounds that it was measured in; the final counts as one. */
  rounds: number;
  /** One per concurrency. */
  loads: readonly LoadFigures[];
  /** Why it was given up; empty where it was not. */
  problem: string;
}

export interface RaceResult {
  /** Everybody who was measured or could not be, the best first. */
  readonly racers: readonly Racer[];
  /** Those of the final, the best first; they are still open. */
  readonly finalists: readonly Racer[];
}

/** Configurations in the final. */
const FINALISTS = 4;
/** The race is none with fewer. */
const LEAST_ENTRANTS = 3;
const MOST_ENTRANTS = 32;
/** Combinations that join after the first round, because of what the single changes were worth. */
const NEWCOMERS = 2;
/** What a later round takes at least, to the first: half the configurations, for half as long again. */
const LATER_ROUND = 0.75;
/** Windows of a configuration in a round, each in a turn of all. */
const TURNS = 2;
const FINAL_TURNS = 4;

/**
 * Successive halving (Jamieson and Talwalkar, 2016): many configurations are measured for a short time, the better
 * half for longer, and the last few for the longest. In a round everybody has a turn before anybody has the next, in
 * an order of its own, so that a slow moment of the machine hits all alike. Rejects where the defaults cannot be
 * measured, or the budget does not even do for a race of three.
 */
export async function runRace(
  arena: Arena,
  pace: Pace,
  options: RaceOptions,
  progress: RaceProgress,
): Promise<RaceResult> {
  const random = uniform(options.seed);
  const racers: Racer[] = [];
  let field = await enter(arena, pace, options, racers, progress);
  for (let round = 1; field.length > FINALISTS; round++) {
    const share = (pace.searchEnd - pace.elapsed) / roundsFor(field.length);
    await runRound(`round ${round}`, field, { turns: TURNS, end: pace.elapsed + share });
    field = rank(field, 'doubtless');
    const joining = round === 1 ? newcomers(racers, options) : [];
    const survivors = survivorsOf(field, joining.length);
    for (const racer of field) if (!survivors.includes(racer)) await arena.close(racer.configuration);
    survivors.push(...(await openAll(arena, joining, racers)));
    progress.round(`round ${round}: ${field.length} configurations`, field.map(lineOf));
    if (field.every((racer) => isHopeless(racer, options.bound))) return { racers, finalists: field };
    field = survivors;
  }
  await runRound('final', field, { turns: FINAL_TURNS, end: pace.finalEnd });
  const finalists = rank(field, 'measured');
  progress.round(`final: ${finalists.length} configurations`, finalists.map(lineOf));
  const byRounds = racers.toSorted(
    (a, b) => b.rounds - a.rounds || compareLoads(a.loads, b.loads, 'measured'),
  );
  return { racers: [...new Set([...finalists, ...byRounds])], finalists };

  async function runRound(
    name: string,
    all: readonly Racer[],
    { turns, end }: { readonly turns: number; readonly end: number },
  ): Promise<void> {
    const { concurrencies, bound } = options;
    const window = pace.window(all.length * turns * concurrencies.length, end);
    const samples = new Map(all.map((racer) => [racer, concurrencies.map((): Sample[] => [])]));
    let order = shuffled(all, random);
    for (let turn = 1; turn <= turns; turn++) {
      for (const racer of order.filter(({ problem }) => problem === '')) {
        for (const [index, concurrency] of concurrencies.entries()) {
          progress.status(`${name}, turn ${turn} of ${turns}: ${nameOf(racer.configuration)}`, pace.share);
          try {
            const before = pace.elapsed;
            const sample = await arena.measure(racer.configuration, concurrency, window);
            pace.note(window, pace.elapsed - before);
            samples.get(racer)?.[index]?.push(sample);
          } catch (error) {
            if (racer.kept) throw error;
            racer.problem = messageOf(error);
            break;
          }
        }
      }
      order = turn % 2 === 1 ? order.toReversed() : shuffled(all, random);
    }
    for (const [racer, lists] of samples) {
      racer.rounds++;
      racer.loads = concurrencies.map((concurrency, index) =>
        figuresOf(concurrency, lists[index] ?? [], bound),
      );
    }
  }
}

/** Opens the defaults, tries how long things take here, and opens as many others as the budget has time for. */
async function enter(
  arena: Arena,
  pace: Pace,
  { space, asItIs, concurrencies, seed, mostOpen, spent = 0 }: RaceOptions,
  racers: Racer[],
  progress: RaceProgress,
): Promise<Racer[]> {
  const kept = [space.defaults, ...(asItIs === undefined ? [] : [asItIs])];
  progress.status(`opening the defaults: ${nameOf(space.defaults)}`, pace.share);
  for (const configuration of kept) {
    await arena.open(configuration);
    racers.push(racerOf(configuration, true));
  }
  await calibrate(arena, pace, space.defaults, concurrencies);
  const keptIds = kept.map(idOf);
  const others = entrants(space, seed).filter((each) => !keptIds.includes(idOf(each)));
  const most = Math.min(MOST_ENTRANTS, mostOpen - NEWCOMERS);
  const begun = pace.elapsed;
  const fits = (count: number): boolean => {
    const opening = (pace.elapsed - begun) / Math.max(1, racers.length - kept.length);
    const windows = count * TURNS * concurrencies.length * (1 + LATER_ROUND * (roundsFor(count) - 1));
    return pace.elapsed + opening * (1 + NEWCOMERS) + pace.least(windows) <= pace.searchEnd;
  };
  for (const configuration of others) {
    const field = racers.filter(({ problem }) => problem === '').length;
    if (field >= most || (field >= LEAST_ENTRANTS && !fits(field + 1))) break;
    progress.status(`opening configuration ${field + 1}: ${nameOf(configuration)}`, pace.share);
    await openAll(arena, [configuration], racers);
    if (pace.elapsed > pace.searchEnd) throw tooLittle(pace, spent);
  }
  return racers.filter(({ problem }) => problem === '');
}

async function calibrate(
  arena: Arena,
  pace: Pace,
  defaults: Configuration,
  concurrencies: readonly number[],
): Promise<void> {
  const concurrency = Math.max(...concurrencies);
  // The first window starts the process that sends, too.
  const samples = [await arena.measure(defaults, concurrency, pace.trial)];
  const before = pace.elapsed;
  samples.push(await arena.measure(defaults, concurrency, pace.trial));
  pace.note(pace.trial, pace.elapsed - before);
  const { p50, failed } = figuresOf(concurrency, samples, Number.POSITIVE_INFINITY);
  const [failing] = samples.filter(({ failures }) => Object.keys(failures).length > 0);
  if (Number.isNaN(p50) && failed > 0 && failing !== undefined) {
    const [name = ''] = Object.keys(failing.failures);
    throw new Error(`every request failed: ${name} ${failing.failureMessages?.[name] ?? ''}`.trimEnd());
  }
  pace.stretch(Number.isNaN(p50) ? pace.trial.duration : p50);
}

const tooLittle = (pace: Pace, spent: number): Error =>
  new Error(
    `--budget is ${Math.round(pace.end + spent) / 1000}, which is too little for this model here: starting took ${(spent / 1000).toFixed(1)} s, opening ${LEAST_ENTRANTS} configurations ${(pace.elapsed / 1000).toFixed(1)} s; give at least ${Math.ceil((spent + 4 * pace.elapsed) / 1000)}`,
  );

const racerOf = (configuration: Configuration, kept: boolean): Racer => ({
  configuration,
  kept,
  rounds: 0,
  loads: [],
  problem: '',
});

/** Adds racers; those that cannot be opened are noted with the reason. Resolves to those that can. */
async function openAll(
  arena: Arena,
  configurations: readonly Configuration[],
  racers: Racer[],
): Promise<Racer[]> {
  const opened: Racer[] = [];
  for (const configuration of configurations) {
    const racer = racerOf(configuration, false);
    racers.push(racer);
    try {
      await arena.open(configuration);
      opened.push(racer);
    } catch (error) {
      racer.problem = messageOf(error);
    }
  }
  return opened;
}

const newcomers = (racers: readonly Racer[], { space }: RaceOptions): Configuration[] =>
  promising(
    space,
    racers.map(({ configuration, loads }) => ({
      configuration,
      score: bestLoad(loads, 'doubtless')?.rows ?? 0,
    })),
    NEWCOMERS,
  );

/** Whether not even half of the requests were on time: no longer window will change that. */
const isHopeless = ({ loads }: Racer, bound: number): boolean => loads.every(({ p50 }) => !(p50 <= bound));

/** Halving rounds before the final. */
const roundsFor = (count: number): number =>
  count <= FINALISTS ? 1 : Math.max(1, Math.ceil(Math.log2(count / FINALISTS)));

const rank = (field: readonly Racer[], strictness: Strictness): Racer[] =>
  field.toSorted(
    (a, b) =>
      Number(a.problem !== '') - Number(b.problem !== '') || compareLoads(a.loads, b.loads, strictness),
  );

/** The better half, with those who join; at least as many as the final has, and those who are never dropped. */
function survivorsOf(ranked: readonly Racer[], joining: number): Racer[] {
  const count = Math.max(FINALISTS, Math.ceil(ranked.length / 2)) - joining;
  const kept = ranked.filter((racer) => racer.kept);
  const others = ranked.filter((racer) => !racer.kept && racer.problem === '');
  return [...kept, ...others.slice(0, Math.max(1, count - kept.length))];
}

function lineOf({ configuration, loads, kept, problem }: Racer): string {
  const best = bestLoad(loads, 'doubtless') ?? loads[0];
  const name = `${kept ? '*' : ' '} ${nameOf(configuration)}`;
  if (problem !== '' || best === undefined) return `${name}: ${problem}`;
  const { rows, p99 } = best;
  return `${name.padEnd(46)} ${rows.toFixed(1).padStart(9)} rows/s, p99 ${p99.toFixed(2)} ms`;
}

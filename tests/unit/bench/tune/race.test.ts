import { describe, expect, test } from 'vitest';
import { type Configuration, idOf } from '../../../../bench/tune/configuration.ts';
import { everyOf, spaceFor } from '../../../../bench/tune/space.ts';
import { tune } from '../../../../bench/tune/tune.ts';
import { type Objective, SyntheticArena, silent } from './synthetic-arena.ts';

const DEFAULTS: Configuration = {
  instances: 4,
  intraOpThreads: 1,
  maxBatchSize: 32,
  maxQueueDelayMicroseconds: 0,
};

const SPACE = spaceFor({ defaults: DEFAULTS, cores: 4, batched: true, rowsOut: 64, bound: 50 });

const OPTIONS = {
  space: SPACE,
  concurrencies: [64],
  bound: 50,
  budget: 60_000,
  seed: 1,
  mostOpen: 64,
};

/** Best at 2 x 2 threads, batch 16, delay 200 us, where it is 1.6 times the defaults. */
const rows = ({ instances, intraOpThreads, maxBatchSize, maxQueueDelayMicroseconds }: Configuration) =>
  1000 *
  (instances === 2 && intraOpThreads === 2 ? 1.25 : (instances * intraOpThreads) / 4) *
  (maxBatchSize === 16 ? 1.16 : maxBatchSize === 0 ? 0.5 : 1) *
  (maxQueueDelayMicroseconds === 200 ? 1.1 : 1 - maxQueueDelayMicroseconds / 20_000);

const NOISY: Objective = { rows, noise: 0.08 };
const BEST = Math.max(...everyOf(SPACE).map(rows));

const run = (
  objective: Objective,
  changes: Partial<typeof OPTIONS> & { asItIs?: Configuration; spent?: number } = {},
) => {
  const options = { ...OPTIONS, ...changes };
  const arena = new SyntheticArena(objective, options.seed + 100);
  return tune(arena, options, silent).then((tuned) => ({ tuned, arena }));
};

/** The windows of each round, without the two that only tell how long things take. */
function roundsOf({ calls }: SyntheticArena): { readonly duration: number; readonly ids: string[] }[] {
  const rounds: { duration: number; ids: string[] }[] = [];
  for (const call of calls.filter((each) => each.startsWith('measure')).slice(2)) {
    const [, id = '', , length] = call.split(' ');
    const duration = Number(length);
    if (rounds.at(-1)?.duration !== duration) rounds.push({ duration, ids: [] });
    rounds.at(-1)?.ids.push(id);
  }
  return rounds;
}

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

describe('the search', () => {
  test('finds the best of a noisy objective, or one that is nearly as good', async () => {
    const found = await Promise.all(SEEDS.map((seed) => run(NOISY, { seed })));
    const scores = found.map(({ tuned }) => (tuned.winner === undefined ? 0 : rows(tuned.winner) / BEST));
    expect(Math.min(...scores)).toBeGreaterThan(0.85);
    expect(scores.filter((score) => score === 1).length).toBeGreaterThanOrEqual(17);
    expect(found.map(({ tuned }) => tuned.verdict)).toEqual(SEEDS.map(() => 'gain'));
  });

  test('does not try everything, and keeps its budget', async () => {
    const { arena } = await run(NOISY);
    const opened = arena.calls.filter((call) => call.startsWith('open'));
    expect(opened.length).toBeLessThan(everyOf(SPACE).length / 3);
    expect(opened.length).toBeGreaterThan(10);
    expect(arena.now()).toBeLessThan(OPTIONS.budget * 1.02);
    expect(arena.now()).toBeGreaterThan(OPTIONS.budget * 0.9);
  });

  test('gives longer windows to fewer configurations from round to round', async () => {
    const rounds = roundsOf((await run(NOISY)).arena).slice(0, -1);
    expect(rounds.length).toBeGreaterThanOrEqual(3);
    for (const [index, { duration, ids }] of rounds.slice(1).entries()) {
      expect(duration).toBeGreaterThan(rounds[index]?.duration ?? 0);
      expect(new Set(ids).size).toBeLessThan(new Set(rounds[index]?.ids).size);
    }
  });

  test('gives everybody a turn before anybody has the next, in another order', async () => {
    for (const { ids } of roundsOf((await run(NOISY)).arena)) {
      const field = new Set(ids);
      const turns = Array.from({ length: ids.length / field.size }, (_, turn) =>
        ids.slice(turn * field.size, (turn + 1) * field.size),
      );
      expect(turns.length).toBeGreaterThan(1);
      for (const turn of turns) expect(new Set(turn)).toEqual(field);
      expect(turns[1]).not.toEqual(turns[0]);
    }
  });

  test('does the same for the same seed, and something else for another', async () => {
    const [one, again, other] = await Promise.all([run(NOISY), run(NOISY), run(NOISY, { seed: 2 })]);
    expect(again.arena.calls).toEqual(one.arena.calls);
    expect(again.tuned).toEqual(one.tuned);
    expect(other.arena.calls).not.toEqual(one.arena.calls);
  });

  test('keeps the defaults, and what is configured now, until the end however slow they are', async () => {
    const asItIs = { ...DEFAULTS, instances: 1 };
    const slow: Objective = {
      rows: (each) => ([DEFAULTS, asItIs].some((kept) => idOf(kept) === idOf(each)) ? 10 : rows(each)),
      noise: 0.05,
    };
    const { tuned, arena } = await run(slow, { asItIs });
    const closed = arena.calls.filter((call) => call.startsWith('close'));
    expect(closed.length).toBeGreaterThan(3);
    expect(closed).not.toContain(`close ${idOf(DEFAULTS)}`);
    expect(closed).not.toContain(`close ${idOf(asItIs)}`);
    expect(tuned.verdict).toBe('gain');
    expect(tuned.duel?.gain.low).toBeGreaterThan(10);
  });
});

describe('the verdict', () => {
  test('is no gain where the configurations differ by noise alone, but for the odd one', async () => {
    const level: Objective = { rows: () => 1000, noise: 0.1 };
    const verdicts = await Promise.all(SEEDS.map(async (seed) => (await run(level, { seed })).tuned.verdict));
    expect(verdicts.filter((verdict) => verdict === 'gain').length).toBeLessThanOrEqual(1);
  });

  test('replaces nothing that beats the defaults, too, by what does not beat it', async () => {
    const asItIs = { ...DEFAULTS, maxBatchSize: 8, maxQueueDelayMicroseconds: 1000 };
    const level: Objective = {
      rows: (each) => (idOf(each) === idOf(DEFAULTS) ? 1000 : idOf(each) === idOf(asItIs) ? 1500 : 1470),
      noise: 0.08,
    };
    const found = await Promise.all(SEEDS.map((seed) => run(level, { seed, asItIs })));
    const replaced = found.filter(
      ({ tuned: { verdict, winner } }) => verdict === 'gain' && winner && idOf(winner) !== idOf(asItIs),
    );
    expect(replaced.length).toBeLessThanOrEqual(1);
  });

  test('goes to the defaults where nothing beats them', async () => {
    const best: Objective = { rows: (each) => (idOf(each) === idOf(DEFAULTS) ? 2000 : 1000), noise: 0.05 };
    const { tuned } = await run(best);
    expect(tuned.verdict).toBe('defaults');
    expect(tuned.winner).toEqual(DEFAULTS);
    expect(tuned.duel).toBeUndefined();
  });

  test('never goes to a configuration that misses the bound, whatever it answers', async () => {
    const greedy: Objective = { ...NOISY, p99: ({ maxBatchSize }) => (maxBatchSize === 16 ? 80 : 20) };
    const { tuned } = await run(greedy);
    expect(tuned.winner?.maxBatchSize).not.toBe(16);
    expect(tuned.verdict).toBe('gain');
  });

  test('says so where only the winner keeps the bound', async () => {
    const late: Objective = {
      rows: () => 1000,
      p99: ({ instances }) => (instances === 4 ? 80 : 20),
      noise: 0,
    };
    expect((await run(late)).tuned.verdict).toBe('bound');
  });

  test('is no gain where the defaults miss the bound by a few requests that may be chance', async () => {
    let windows = 0;
    const level: Objective = {
      rows: ({ instances }) => (instances === 4 ? 990 : 1000),
      p99: ({ instances }) => (instances === 4 && windows++ % 4 === 0 ? 51 : 20),
      noise: 0.1,
    };
    expect((await run(level)).tuned.verdict).not.toBe('bound');
  });

  test('comes early where not even the medians are within the bound', async () => {
    const { tuned, arena } = await run({ ...NOISY, p99: () => 500 });
    expect(tuned.verdict).toBe('nothing');
    expect(arena.now()).toBeLessThan(OPTIONS.budget * 0.6);
  });

  test('is that nothing keeps a bound that nothing keeps', async () => {
    const { tuned } = await run({ ...NOISY, p99: () => 51 });
    expect(tuned).toMatchObject({ verdict: 'nothing' });
    expect(tuned.winner).toBeUndefined();
  });
});

test('a configuration that cannot be served is told with the reason and does not end the race', async () => {
  const refusal = ({ instances }: Configuration) => (instances === 1 ? 'no memory' : undefined);
  const { tuned } = await run({ ...NOISY, refusal });
  const refused = tuned.racers.filter(({ problem }) => problem === 'no memory');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.every(({ rounds }) => rounds === 0)).toBe(true);
  expect(tuned.verdict).toBe('gain');
});

test('defaults that cannot be served end it', async () => {
  await expect(run({ ...NOISY, refusal: () => 'no memory' })).rejects.toThrow('no memory');
});

test('a budget that is over before three are open is refused with what it takes', async () => {
  await expect(run(NOISY, { budget: 2000 })).rejects.toThrow(/--budget is 2, .* give at least \d+/);
  // As it was given, with what starting the server has taken of it.
  await expect(run(NOISY, { budget: 2000, spent: 8000 })).rejects.toThrow(
    /--budget is 10, .* starting took 8\.0 s, .* give at least 1\d$/,
  );
});

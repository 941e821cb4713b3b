import { describe, expect, test } from 'vitest';
import { CostModel } from '../../../src/scheduling/cost-model.ts';
import type { Entry } from '../../../src/scheduling/entry.ts';
import type { Scheduler } from '../../../src/scheduling/scheduler.ts';
import { entryOf, type LaneShape, laneOf, schedulerOf } from './entries.ts';

const FAST = [{ fixed: 4, perRow: 1 }];

/** Offers entries until one is refused, at one moment; says how many were taken and what became of the last. */
function fill(scheduler: Scheduler<Entry>, now: number, fields: Partial<Entry>, most = 2000) {
  for (let taken = 0; taken < most; taken++) {
    const entry = entryOf({ acceptedAt: now, ...fields });
    const verdict = scheduler.offer(entry, now);
    if (verdict.kind !== 'accept') return { taken, verdict };
  }
  return { taken: most, verdict: undefined };
}

/** Starts what can be started; returns the entries. */
function start(scheduler: Scheduler<Entry>, now: number): readonly Entry[] {
  const decision = scheduler.next(now);
  if (decision.kind !== 'dispatch') return [];
  scheduler.started(decision, now);
  return decision.entries;
}

test('what could not be on time even alone is refused at once', () => {
  const scheduler = schedulerOf(FAST);
  expect(scheduler.offer(entryOf({ deadline: 4.5 }), 0)).toMatchObject({ kind: 'infeasible' });
  expect(scheduler.offer(entryOf({ deadline: -1 }), 0)).toMatchObject({ kind: 'infeasible' });
  expect(scheduler.offer(entryOf({ deadline: 6 }), 0)).toMatchObject({ kind: 'accept' });
});

test('as much is taken as full batches can do in time, and not more', () => {
  const scheduler = schedulerOf(FAST);
  const { taken, verdict } = fill(scheduler, 0, { deadline: 200 });
  expect(verdict).toMatchObject({ kind: 'overload' });
  expect(taken).toBeGreaterThan(130);
  expect(taken).toBeLessThanOrEqual(161);
});

test('a refusal says when the work that is there will be done', () => {
  const scheduler = schedulerOf(FAST);
  const { verdict } = fill(scheduler, 0, { deadline: 200 });
  if (verdict?.kind !== 'overload') throw new Error('it was not refused');
  expect(verdict.retryAfter).toBeGreaterThan(50);
  expect(verdict.retryAfter).toBeLessThan(400);
});

test('an urgent newcomer is refused when it would make those accepted late', () => {
  const scheduler = schedulerOf(FAST);
  fill(scheduler, 0, { deadline: 200 });
  expect(scheduler.offer(entryOf({ deadline: 60 }), 0)).toMatchObject({ kind: 'overload' });
});

test('a request that is in no hurry is taken behind a queue that has no room for urgent ones', () => {
  const scheduler = schedulerOf(FAST);
  fill(scheduler, 0, { deadline: 100 });
  expect(scheduler.offer(entryOf({ deadline: 2000 }), 0)).toMatchObject({ kind: 'accept' });
});

test('a floor that only the slow variant reaches is priced on that one', () => {
  const scheduler = schedulerOf([
    { accuracy: 0.95, fixed: 4, perRow: 10 },
    { accuracy: 0.8, fixed: 4, perRow: 1 },
  ]);
  const strict = fill(scheduler, 0, { deadline: 500, allowed: 1 }).taken;
  const easy = fill(
    schedulerOf([
      { accuracy: 0.95, fixed: 4, perRow: 10 },
      { accuracy: 0.8, fixed: 4, perRow: 1 },
    ]),
    0,
    { deadline: 500 },
  ).taken;
  expect(easy).toBeGreaterThan(5 * strict);
});

describe('where workers can run fewer batches than there are slots', () => {
  const taken = (shapes: readonly LaneShape[], slots: number, allowed: number) => {
    const scheduler = schedulerOf(shapes, { slots: () => slots });
    return fill(scheduler, 0, { deadline: 200, allowed }).taken;
  };

  test('as much is taken as they can do', () => {
    const one = taken(FAST, 1, 1);
    expect(taken(FAST, 4, 1)).toBeGreaterThan(3 * one);
    expect(taken([{ ...FAST[0], concurrency: 1 }], 4, 1)).toBe(one);
  });

  test('what only one variant may answer is taken for its workers alone', () => {
    const two = [1, 1].map((concurrency) => ({ ...FAST[0], concurrency }));
    expect(taken(two, 2, 1)).toBeLessThan(1.3 * taken(FAST, 1, 1));
    expect(taken(two, 2, 3)).toBe(taken(FAST, 2, 1));
  });

  test('a dearer variant counts for what it does in the slots that it fills', () => {
    const slow = { fixed: 12, perRow: 3, concurrency: 1 };
    const both = taken([{ ...FAST[0], concurrency: 1 }, slow], 2, 3);
    const ratio = both / taken(FAST, 2, 1);
    expect(ratio).toBeGreaterThan(0.6);
    expect(ratio).toBeLessThan(0.75);
  });

  test('more is taken once they can run more', () => {
    let concurrency = 1;
    const lane = Object.defineProperty(laneOf(0, FAST[0]), 'concurrency', { get: () => concurrency });
    const scheduler = schedulerOf([], { lanes: [lane], slots: () => 4 });
    const early = entryOf({ deadline: 4.5 });
    expect(scheduler.offer(early, 0).kind).toBe('infeasible');
    concurrency = 2;
    expect(fill(scheduler, 100, { deadline: 300 }).taken).toBe(taken(FAST, 2, 1));
  });
});

describe('how long batches hold their slot', () => {
  /** Runs one batch after the other in front of a backlog, and empties it. */
  function run(scheduler: Scheduler<Entry>, batches: number, held: number): number {
    let now = 0;
    for (let batch = 0; batch < batches; batch++) {
      while (scheduler.size < 40) scheduler.offer(entryOf({ acceptedAt: now, deadline: now + 10_000 }), now);
      const decision = scheduler.next(now);
      if (decision.kind !== 'dispatch') throw new Error(`nothing runs: ${decision.kind}`);
      const running = scheduler.started(decision, now);
      now += held;
      const journey = { computeInput: 0, computeInfer: decision.expected, computeOutput: 0 };
      scheduler.ended(decision, running, now);
      scheduler.learn(decision, running, now, journey);
      for (const entry of decision.entries) scheduler.settled(entry);
    }
    for (let { kind } = scheduler.next(now); kind === 'dispatch' || kind === 'drop'; )
      kind = scheduler.next(now + 20_000).kind;
    return now + 30_000;
  }

  test('counts in what is taken, if that is longer than they are expected to run', () => {
    const [prompt, kept] = [20, 40].map((held) => {
      const scheduler = schedulerOf(FAST);
      const now = run(scheduler, 200, held);
      return fill(scheduler, now, { deadline: now + 500 }).taken;
    });
    expect(prompt).toBeGreaterThan(300);
    expect(kept).toBeLessThan(0.7 * (prompt ?? 0));
  });

  test('says nothing where nothing is expected of them', () => {
    const lanes = [{ ...laneOf(0), cost: new CostModel() }];
    const scheduler = schedulerOf(FAST, { lanes });
    const now = run(scheduler, 3, 20);
    const verdict = scheduler.offer(entryOf({ deadline: now + 10_000 }), now);
    expect(verdict).toMatchObject({ kind: 'accept' });
    expect(verdict.kind === 'accept' && Number.isFinite(verdict.price.demand)).toBe(true);
  });
});

describe('the bounds', () => {
  test('of entries hold, but never stop what could run at once', () => {
    const scheduler = schedulerOf(FAST, { limits: { entries: 3, bytes: Infinity } });
    expect(fill(scheduler, 0, {})).toMatchObject({
      taken: 3,
      verdict: { kind: 'full', bound: 'entries', limit: 3 },
    });
    const none = schedulerOf(FAST, { limits: { entries: 0, bytes: Infinity } });
    expect(none.offer(entryOf(), 0).kind).toBe('accept');
    start(none, 0);
    expect(none.offer(entryOf(), 0).kind).toBe('full');
  });

  test('of bytes count what runs too, until it is settled', () => {
    const scheduler = schedulerOf(FAST, { limits: { entries: 100, bytes: 100 } });
    const first = entryOf({ bytes: 60 });
    expect(scheduler.offer(first, 0).kind).toBe('accept');
    expect(start(scheduler, 0)).toEqual([first]);
    expect(scheduler.offer(entryOf({ bytes: 60 }), 1)).toMatchObject({ kind: 'full', bound: 'bytes' });
    scheduler.settled(first);
    expect(scheduler.offer(entryOf({ bytes: 60 }), 2).kind).toBe('accept');
  });
});

describe('a request without a deadline', () => {
  const PATIENT = { patient: true, deadline: 30_000 } as const;

  test('may wait an interval in a queue that is new, and a target in one that stands', () => {
    const scheduler = schedulerOf(FAST);
    const inBurst = fill(scheduler, 0, PATIENT).taken;
    expect(inBurst).toBeGreaterThan(120);
    expect(scheduler.offer(entryOf({ ...PATIENT, acceptedAt: 300 }), 300).kind).toBe('overload');
    const standing = schedulerOf(FAST);
    expect(fill(standing, 0, PATIENT, 10).taken).toBe(10);
    const later = fill(standing, 300, PATIENT).taken;
    expect(later).toBeLessThan(inBurst / 2);
  });
});

describe('under load', () => {
  /** One client asks nine times as much as the other, together three times what can be done. */
  function share(fields: (loud: boolean) => Partial<Entry>): { loud: number; quiet: number } {
    const scheduler = schedulerOf(FAST);
    const answered = { loud: 0, quiet: 0 };
    let end = Infinity;
    let ended = () => {};
    let count = 0;
    for (let now = 0; now < 5000; now += 0.4) {
      const loud = count++ % 10 !== 0;
      scheduler.offer(entryOf({ acceptedAt: now, deadline: now + 150, ...fields(loud) }), now);
      if (now >= end) ended();
      const decision = scheduler.next(now);
      if (decision.kind !== 'dispatch') continue;
      const running = scheduler.started(decision, now);
      end = now + 4 + decision.rows;
      const at = end;
      ended = () => {
        end = Infinity;
        scheduler.ended(decision, running, at);
        scheduler.learn(decision, running, at);
        for (const entry of decision.entries)
          answered[entry.client === 'loud' || entry.priority > 1 ? 'loud' : 'quiet'] += 1;
      };
    }
    return answered;
  }

  test('a client that asks little is not pushed out by one that asks much', () => {
    const { quiet, loud } = share((isLoud) => ({ client: isLoud ? 'loud' : 'quiet' }));
    expect(quiet / 1250).toBeGreaterThan(0.9);
    expect(loud).toBeGreaterThan(1500);
  });

  test('a first priority is not pushed out by a second one', () => {
    const { quiet, loud } = share((isLoud) => ({ priority: isLoud ? 2 : 1 }));
    expect(quiet / 1250).toBeGreaterThan(0.9);
    expect(loud).toBeGreaterThan(1500);
  });
});

test('where a full batch takes longer than requests have time, smaller ones are planned and the node stays busy', () => {
  const scheduler = schedulerOf([{ fixed: 10, perRow: 4, maxBatchSize: 32 }]);
  let busyUntil = 0;
  let answered = 0;
  let end = (): void => {};
  for (let now = 0; now < 2000; now++) {
    scheduler.offer(entryOf({ acceptedAt: now, deadline: now + 100 }), now);
    if (now < busyUntil) continue;
    end();
    const decision = scheduler.next(now);
    if (decision.kind !== 'dispatch') continue;
    const running = scheduler.started(decision, now);
    busyUntil = now + decision.expected;
    answered += decision.rows;
    const endsAt = Math.ceil(busyUntil);
    end = () => {
      scheduler.ended(decision, running, endsAt);
      scheduler.learn(decision, running, endsAt);
      end = () => {};
    };
  }
  // Batches of 15 rows fit into two thirds of the time: 70 milliseconds each.
  expect(answered).toBeGreaterThan(0.8 * (2000 / 70) * 15);
});

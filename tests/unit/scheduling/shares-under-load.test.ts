import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/scheduling/entry.ts';
import type { SchedulerOptions } from '../../../src/scheduling/scheduler.ts';
import { entryOf, schedulerOf } from './entries.ts';
import { serve } from './serve.ts';

const LIMITS = { entries: 1_000_000, bytes: 1e12 };
const SOJOURN = { target: 5000, interval: 10_000 };

/**
 * What share is taken of one request every five milliseconds, and of ten in every one, for eight seconds on a node that
 * does two in a millisecond.
 */
function taken(few: Partial<Entry>, many: Partial<Entry>, options: Partial<SchedulerOptions>) {
  const scheduler = schedulerOf([{ fixed: 4, perRow: 0.25 }], {
    limits: LIMITS,
    sojourn: SOJOURN,
    ...options,
  });
  const accepted = { few: 0, many: 0 };
  const until = 8000;
  const ask = (fields: Partial<Entry>, now: number): Entry =>
    entryOf({
      acceptedAt: now,
      deadline: now + (fields.patient === true ? 30_000 : 1000),
      bytes: 1000,
      ...fields,
    });
  const asked = new WeakMap<Entry, 'few' | 'many'>();
  serve(scheduler, {
    until,
    arrivals: (now) => {
      const loud = Array.from({ length: 10 }, () => ask(many, now));
      const quiet = now % 5 === 0 ? [ask(few, now)] : [];
      for (const entry of loud) asked.set(entry, 'many');
      for (const entry of quiet) asked.set(entry, 'few');
      return [...loud, ...quiet];
    },
    offered: (entry, { kind }) => {
      if (kind === 'accept') accepted[asked.get(entry) ?? 'many'] += 1;
    },
  });
  return { few: accepted.few / (until / 5), many: accepted.many / (until * 10) };
}

describe.each<[string, Partial<Entry>, Partial<SchedulerOptions>]>([
  ['deadlines', {}, {}],
  ['no deadlines', { patient: true }, { sojourn: { target: 100, interval: 100 } }],
  ['a bound on the entries', { patient: true }, { limits: { ...LIMITS, entries: 100 } }],
  ['a bound on the bytes', { patient: true }, { limits: { ...LIMITS, bytes: 100_000 } }],
])('under an overload with %s', (_, fields, options) => {
  test('a few requests of a higher priority are taken', () => {
    const { few, many } = taken({ ...fields, priority: 1 }, { ...fields, priority: 2 }, options);
    expect(few).toBeGreaterThan(0.9);
    expect(many).toBeGreaterThan(0.05);
  });

  test('so are those of a client that asks for little', () => {
    const { few, many } = taken({ ...fields, client: 'quiet' }, { ...fields, client: 'loud' }, options);
    expect(few).toBeGreaterThan(0.9);
    expect(many).toBeGreaterThan(0.05);
  });
});

import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/scheduling/entry.ts';
import type { SchedulerOptions } from '../../../src/scheduling/scheduler.ts';
import { entryOf, schedulerOf } from './entries.ts';

const LIMITS = { entries: 1_000_000, bytes: 1e12 };
const SOJOURN = { target: 5000, interval: 10_000 };

/** Two kinds of requests, so many of each a millisecond, for ten seconds on a node that does two in that time. */
function taken(few: Partial<Entry>, many: Partial<Entry>, options: Partial<SchedulerOptions>) {
  const scheduler = schedulerOf([{ fixed: 4, perRow: 0.25 }], {
    limits: LIMITS,
    sojourn: SOJOURN,
    ...options,
  });
  const kinds = [
    { fields: few, each: 0.2, due: 0, offered: 0, accepted: 0 },
    { fields: many, each: 10, due: 0, offered: 0, accepted: 0 },
  ];
  let free = 0;
  let finish = (): void => {};
  for (let now = 0; now < 10_000; now++) {
    if (now >= free) {
      finish();
      finish = () => {};
      for (let decision = scheduler.next(now); decision.kind !== 'idle'; decision = scheduler.next(now)) {
        if (decision.kind === 'wait') break;
        if (decision.kind === 'drop') {
          for (const entry of decision.entries) scheduler.settled(entry);
          continue;
        }
        const running = scheduler.started(decision, now);
        free = now + decision.expected;
        const { entries } = decision;
        finish = () => {
          scheduler.ended(decision, running, free, false);
          for (const entry of entries) scheduler.settled(entry);
        };
        break;
      }
    }
    for (const kind of kinds) {
      for (kind.due += kind.each; kind.due >= 1; kind.due--) {
        const { patient } = kind.fields;
        const deadline = now + (patient === true ? 30_000 : 1000);
        const entry = entryOf({ acceptedAt: now, deadline, bytes: 1000, ...kind.fields });
        kind.offered += 1;
        if (scheduler.offer(entry, now).kind === 'accept') kind.accepted += 1;
      }
    }
  }
  return kinds.map(({ offered, accepted }) => accepted / offered);
}

describe.each<[string, Partial<Entry>, Partial<SchedulerOptions>]>([
  ['deadlines', {}, {}],
  ['no deadlines', { patient: true }, { sojourn: { target: 100, interval: 100 } }],
  ['a bound on the entries', { patient: true }, { limits: { ...LIMITS, entries: 100 } }],
  ['a bound on the bytes', { patient: true }, { limits: { ...LIMITS, bytes: 100_000 } }],
])('under an overload with %s', (_, fields, options) => {
  test('a few requests of a higher priority are taken', () => {
    const [few = 0, many = 0] = taken({ ...fields, priority: 1 }, { ...fields, priority: 2 }, options);
    expect(few).toBeGreaterThan(0.9);
    expect(many).toBeGreaterThan(0.05);
  });

  test('so are those of a client that asks for little', () => {
    const [few = 0, many = 0] = taken({ ...fields, client: 'quiet' }, { ...fields, client: 'loud' }, options);
    expect(few).toBeGreaterThan(0.9);
    expect(many).toBeGreaterThan(0.05);
  });
});

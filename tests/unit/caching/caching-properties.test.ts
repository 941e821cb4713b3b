import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CachingRunner } from '../../../src/caching/caching-runner.ts';
import { CoalescingRunner } from '../../../src/caching/coalescing-runner.ts';
import { Openings } from '../../../src/caching/openings.ts';
import { ResponseCache } from '../../../src/caching/response-cache.ts';
import type { Runner } from '../../../src/inference/runner.ts';
import { settled } from '../../support/puppet-runner.ts';
import { SIGNATURE, tensorOf } from '../batching/batcher-fixture.ts';
import { LANES, setUpScheduled } from '../batching/scheduled-fixture.ts';
import { termsFor, type Watched, watch } from './caching-fixture.ts';

/** Where the value stands decides nothing of the sample: only the comparison tells these inputs apart. */
const valuesFor = (value: number): number[] => Array.from({ length: 40 }, (_, at) => (at === 1 ? value : 0));

const arrival = fc.record({
  kind: fc.constant('arrive' as const),
  /** Few values, so that many are identical; 666 fails in the model. */
  value: fc.constantFrom(1, 2, 3, 666),
  variants: fc.constantFrom(['best', 'fast'], ['best'], ['fast']),
  /** Milliseconds from now; none where left out. */
  patience: fc.option(fc.constantFrom(40, 100, 150, 400), { nil: undefined }),
  priority: fc.constantFrom(1, 2, 3),
});
const step = fc.oneof(
  { weight: 5, arbitrary: arrival },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(100) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(3), fail: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), milliseconds: fc.nat(150) }) },
);

interface Sent {
  readonly value: number;
  readonly watched: Watched;
  readonly abort: AbortController;
  readonly deadline: number | undefined;
  settlements: number;
}

test.each([
  ['sharing runs', false],
  ['sharing runs behind a cache', true],
])('%s: whatever happens, each request is settled once, with its own answer', async (_, cached) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const { batcher, clock, active } = setUpScheduled({ batching: { maxQueueSize: 3 } });
      const sharing = new CoalescingRunner(batcher, {
        signature: SIGNATURE,
        defaultPriority: 2,
        now: () => clock.now(),
      });
      const cache = new ResponseCache(20_000);
      const openings = new Openings();
      const now = () => clock.now();
      const [main, other] = LANES.map(({ variant, accuracy }, id) => ({ id, variant, accuracy }));
      if (main === undefined || other === undefined) throw new Error('two lanes are needed');
      openings.add(main);
      openings.add(other);
      const observer = { cacheAsked() {} };
      const runner: Runner = cached
        ? new CachingRunner(sharing, { cache, signature: SIGNATURE, opening: main, openings, observer, now })
        : sharing;
      const sent: Sent[] = [];

      for (const each of steps) {
        if (each.kind === 'wait') clock.advance(each.milliseconds);
        if (each.kind === 'cancel') sent[each.which % Math.max(1, sent.length)]?.abort.abort();
        if (each.kind === 'end') {
          const running = active();
          const { runner: puppet, place } = running[each.which % Math.max(1, running.length)] ?? {};
          if (puppet !== undefined)
            await (each.fail === 0 ? puppet.fail(new Error('lost')) : puppet.succeed(place));
        }
        if (each.kind !== 'arrive') continue;
        const abort = new AbortController();
        const deadline = each.patience === undefined ? undefined : clock.now() + each.patience;
        const watched = watch(runner, new Map([['x', tensorOf([1, 40], valuesFor(each.value))]]), {
          signal: abort.signal,
          priority: each.priority,
          terms: termsFor(...each.variants),
          ...(deadline === undefined ? {} : { deadline }),
        });
        const one: Sent = { value: each.value, watched, abort, deadline, settlements: 0 };
        const count = () => {
          one.settlements += 1;
        };
        watched.promise.then(count, count);
        sent.push(one);
        await settled();
      }
      for (let round = 0; round < 500 && sent.some(({ settlements }) => settlements === 0); round++) {
        for (const { runner: puppet } of active().slice(0, 1)) await puppet.succeed();
        clock.advance(1);
        await settled();
      }

      for (const { value, watched, abort, deadline, settlements } of sent) {
        expect(settlements).toBe(1);
        const { outcome } = watched;
        if (typeof outcome !== 'string') expect(outcome).toEqual(valuesFor(2 * value));
        if (outcome === 'canceled') expect(abort.signal.aborted).toBe(true);
        if (outcome === 'deadline_exceeded') expect(deadline).toBeDefined();
      }
      expect(batcher.inFlight).toBe(0);
      await runner.close();
    }),
    { seed: 11, numRuns: 250 },
  );
});

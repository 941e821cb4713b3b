import { describe, expect, test } from 'vitest';
import { arrivals, type Process } from '../../../bench/sim/arrivals.ts';
import { clairvoyantBound } from '../../../bench/sim/clairvoyant.ts';
import { batchers, choosers, run, sluice } from '../../../bench/sim/field.ts';
import { Random } from '../../../bench/sim/random.ts';
import { replaceTables } from '../../../bench/sim/replace-tables.ts';
import { capacity, FAMILY, MAX_BATCH_SIZE, mixedSlack, PROCESSES } from '../../../bench/sim/settings.ts';
import { requestsOf, type Workload } from '../../../bench/sim/workload.ts';

describe('arrivals', () => {
  test.each(PROCESSES)('have the mean rate they were asked for: $kind $cv', (process) => {
    const horizon = 400_000;
    const count = [...arrivals(process, 0.5, horizon, new Random(4))].length;
    expect(count / horizon / 0.5).toBeGreaterThan(0.85);
    expect(count / horizon / 0.5).toBeLessThan(1.15);
  });

  test.each([1, 2, 4])('have gaps that vary as much as they were asked to: CV %s', (cv) => {
    const process: Process = { kind: 'gamma', cv };
    const times = [...arrivals(process, 1, 200_000, new Random(8))];
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.sqrt(variance) / mean / cv).toBeGreaterThan(0.95);
    expect(Math.sqrt(variance) / mean / cv).toBeLessThan(1.05);
  });
});

const CASES = PROCESSES.flatMap((process) =>
  [0.3, 1.5].map((load) => ({ process, load, kind: process.kind })),
);

test.each(CASES)(
  'no policy beats the bound of one who knows all arrivals: $kind at $load',
  ({ process, load }) => {
    const rate = load * capacity(FAMILY);
    const workload: Workload = { process, rate, horizon: 1500, seed: 2, slack: mixedSlack };
    const bound = clairvoyantBound(FAMILY, requestsOf(workload), MAX_BATCH_SIZE);
    for (const contender of [sluice(FAMILY), ...choosers(FAMILY), ...batchers(FAMILY)]) {
      const { effectiveAccuracy } = run(
        contender,
        FAMILY,
        workload,
        (measures) => measures.effectiveAccuracy,
      );
      expect(effectiveAccuracy, contender.name).toBeLessThanOrEqual(bound * 1.02);
    }
  },
);

describe('a page with generated tables', () => {
  test('keeps what was written by hand', () => {
    const page = 'a\n<!-- t -->\nold\n<!-- /t -->\nb\n';
    expect(replaceTables(page, new Map([['t', 'new']]))).toBe('a\n<!-- t -->\n\nnew\n\n<!-- /t -->\nb\n');
    expect(() => replaceTables(page, new Map([['u', 'new']]))).toThrow("no place for 'u'");
  });
});

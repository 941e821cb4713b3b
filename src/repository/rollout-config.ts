import { z } from 'zod';
import { invalidArgument } from '../errors.ts';
import { isName, isVersion } from '../inference/names.ts';
import type { RolloutPlan } from '../inference/rollout.ts';
import { describeIssues } from './schema-issues.ts';

const NO_VERSION = 'is not a version (a positive integer)';
const version = z
  .union([z.number(), z.string()], { error: NO_VERSION })
  .transform(String)
  .refine(isVersion, NO_VERSION)
  .exactOptional();
const variant = z.string().refine(isName, 'is not a name (letters, digits, ".", "_", "-")').exactOptional();
const share = z
  .number({ error: 'must be a number above 0 and at most 1' })
  .refine((value) => value > 0 && value <= 1, 'must be above 0 and at most 1');
const ratio = z.number().min(0).max(1).exactOptional();
const minimum = (fallback: number) => z.int().min(1).max(1_000_000).default(fallback);

/** Sums of decimal shares may miss by this much. */
const ROUNDING = 1e-9;

/** Canaries of one model: each is looked at for every request. */
const MOST_CANARIES = 8;

const target = z
  .strictObject({ version, variant, share })
  .refine((value) => value.version !== undefined || value.variant !== undefined, {
    error: "needs 'version', 'variant' or both",
  });

/** What a canary is rolled back for. */
const BOUND_KEYS = ['minAgreement', 'maxErrorRate', 'maxErrorRateIncrease', 'maxLatencyRatio'] as const;

const guard = z.strictObject({
  minAgreement: ratio,
  maxErrorRate: ratio,
  maxErrorRateIncrease: ratio,
  maxLatencyRatio: z.number().min(1).max(1000).exactOptional(),
  minRequests: minimum(100),
  minComparisons: minimum(50),
});

/** A rollout: of model.json, or of the admin interface. */
export const rolloutSchema = z
  .strictObject({
    baselineVersion: version,
    salt: z.string().min(1).max(128).exactOptional(),
    canaries: z.array(target).max(MOST_CANARIES).default([]),
    compare: z.number().min(0).max(1).default(1),
    shadow: target.exactOptional(),
    guard: guard.prefault({}),
  })
  .superRefine(({ canaries, shadow, compare, guard }, context) => {
    const report = (path: readonly (string | number)[], message: string) => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    if (canaries.length === 0 && shadow === undefined) report([], "needs 'canaries', 'shadow' or both");
    const sum = canaries.reduce((total, each) => total + each.share, 0);
    if (sum > 1 + ROUNDING) report(['canaries'], `the shares sum to ${Number(sum.toFixed(9))}, above 1`);
    const seen = new Set<string>();
    for (const [index, each] of canaries.entries()) {
      const name = JSON.stringify([each.version, each.variant]);
      if (seen.has(name)) report(['canaries', index], 'is the same target as one before it');
      seen.add(name);
    }
    if (canaries.length === 0) {
      for (const bound of BOUND_KEYS) {
        if (guard[bound] !== undefined)
          report(['guard', bound], "needs 'canaries', a shadow is not rolled back");
      }
    } else if (compare === 0 && guard.minAgreement !== undefined) {
      report(['guard', 'minAgreement'], "needs 'compare' above 0, nothing is compared");
    }
  });

/** Throws `invalid_argument` naming every key that is unknown or out of range. */
export function parseRollout(value: unknown): RolloutPlan {
  const result = rolloutSchema.safeParse(value);
  if (result.success) return result.data;
  throw invalidArgument(`rollout: ${describeIssues(result.error)}`);
}

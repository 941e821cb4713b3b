import type { Node } from '../simulate.ts';
import { SluicePolicy } from '../sluice-policy.ts';

const PERIOD_MS = 1000;
/** A variant is taken when this share of what it can do is at least what arrived in the last period. */
const USABLE = 0.8;

/**
 * Model-Switching: once a second the most accurate variant that can carry the load of the last second, for everybody.
 * Queueing, admission and batches are those of our scheduler, so that only the choice differs.
 */
export function periodicSwitch(node: Node, maxBatchSize: number): SluicePolicy {
  const peaks = node.variants.map(({ latency }) => (node.slots * maxBatchSize) / latency(maxBatchSize, 1));
  let current = 0;
  let count = 0;
  let switchAt = PERIOD_MS;
  return new SluicePolicy(node, {
    maxBatchSize,
    restrict: (_, now) => {
      if (now >= switchAt) {
        const rate = count / (now - switchAt + PERIOD_MS);
        const able = peaks.findIndex((peak) => peak * USABLE >= rate);
        current = able < 0 ? peaks.length - 1 : able;
        count = 0;
        switchAt = now + PERIOD_MS;
      }
      count += 1;
      return 1 << current;
    },
  });
}

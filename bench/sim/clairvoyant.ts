import { DeadlineQueue } from '../../src/scheduling/deadline-queue.ts';
import type { Node } from './simulate.ts';
import type { SimRequest } from './workload.ts';

/**
 * An upper bound of the effective accuracy that any policy can reach, one that knows every arrival included. It relaxes
 * the problem: batches are always as efficient as the largest, work can be split and interrupted anywhere, and an
 * answer may be any mixture of variants. Time is then given to requests between arrival and deadline, and the accuracy
 * it buys is concave (the upper hull of the variants), so that giving all of them the first step before any gets the
 * next is optimal: the time that can be used at all is found by serving the earliest deadline first, once per step.
 */
export function clairvoyantBound(node: Node, requests: readonly SimRequest[], maxBatchSize: number): number {
  const points = node.variants.map(({ accuracy, latency }) => ({
    accuracy,
    cost: latency(maxBatchSize, 1) / maxBatchSize / node.slots,
  }));
  let used = 0;
  let accuracy = 0;
  for (const step of hull(points)) {
    const total = usableTime(requests, step.cost);
    accuracy += (total - used) * step.slope;
    used = total;
  }
  return requests.length === 0 ? 0 : accuracy / requests.length;
}

/** The upper concave hull from (0, 0): ascending cost, descending accuracy for each millisecond more. */
function hull(points: readonly { accuracy: number; cost: number }[]): { cost: number; slope: number }[] {
  const steps: { cost: number; slope: number }[] = [];
  let from = { accuracy: 0, cost: 0 };
  for (;;) {
    const start = from;
    const slopeTo = (to: typeof start) => (to.accuracy - start.accuracy) / (to.cost - start.cost);
    const better = points.filter(({ cost, accuracy }) => cost > start.cost && accuracy > start.accuracy);
    const [next] = better.toSorted((a, b) => slopeTo(b) - slopeTo(a));
    if (next === undefined) return steps;
    steps.push({ cost: next.cost, slope: slopeTo(next) });
    from = next;
  }
}

/** Milliseconds of the node that can be used when every request takes `cost` at most, between arrival and deadline. */
function usableTime(requests: readonly SimRequest[], cost: number): number {
  const queue = new DeadlineQueue<SimRequest>();
  let now = 0;
  let used = 0;
  const serve = (until: number) => {
    for (let head = queue.head; head !== undefined && now < until; head = queue.head) {
      const end = Math.min(now + head.demand, until, head.deadline);
      if (end <= now) {
        queue.remove(head);
        continue;
      }
      used += end - now;
      head.demand -= end - now;
      now = end;
    }
    now = Math.max(now, until);
  };
  for (const request of requests) {
    serve(request.acceptedAt);
    queue.insert({ ...request, demand: cost });
  }
  serve(Infinity);
  return used;
}

import { capacity, FAMILY, MAX_BATCH_SIZE } from './settings.ts';
import { simulate } from './simulate.ts';
import { SluicePolicy } from './sluice-policy.ts';
import { requestsOf } from './workload.ts';

export interface CostRow {
  /** Requests that wait, in the middle of the run. */
  readonly queued: number;
  /** Microseconds of processor time for each request offered, the simulator's own included. */
  readonly microseconds: number;
}

/** What the scheduler costs itself while many wait: twice what the node can do, with deadlines far away. */
export function costCases(told: (line: string) => void): CostRow[] {
  return [100, 1000, 5000].map((wanted) => {
    const slack = wanted / capacity(FAMILY);
    const horizon = Math.max(3 * slack, 4000);
    const workload = { process: { kind: 'poisson' } as const, rate: 2 * capacity(FAMILY), horizon, seed: 1 };
    const requests = requestsOf({ ...workload, slack: (random) => slack * (0.9 + 0.2 * random.next()) });
    const policy = new SluicePolicy(FAMILY, { maxBatchSize: MAX_BATCH_SIZE });
    let queued = 0;
    const watched = {
      arrive: (...given: Parameters<SluicePolicy['arrive']>) => {
        queued = Math.max(queued, policy.scheduler.size);
        return policy.arrive(...given);
      },
      next: (now: number) => policy.next(now),
      ended: (...given: Parameters<SluicePolicy['ended']>) => policy.ended(...given),
    };
    const before = process.cpuUsage();
    simulate(watched, FAMILY, requests, 1);
    const { user, system } = process.cpuUsage(before);
    told(`cost ${wanted}`);
    return { queued, microseconds: (user + system) / requests.length };
  });
}

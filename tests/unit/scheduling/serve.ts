import type { Verdict } from '../../../src/scheduling/admission.ts';
import type { Entry } from '../../../src/scheduling/entry.ts';
import type { Lane } from '../../../src/scheduling/lane.ts';
import type { Scheduler } from '../../../src/scheduling/scheduler.ts';

interface Serving {
  /** Milliseconds, in steps of one. */
  readonly until: number;
  readonly arrivals: (now: number) => readonly Entry[];
  readonly offered?: (entry: Entry, verdict: Verdict) => void;
  readonly started?: (lane: Lane, now: number) => void;
}

/** A node with one slot, on which batches take what they are expected to. */
export function serve(scheduler: Scheduler<Entry>, serving: Serving): void {
  const { until, arrivals, offered, started } = serving;
  let free = 0;
  let end: (() => void) | undefined;
  for (let now = 0; now < until; now++) {
    for (const entry of arrivals(now)) {
      const verdict = scheduler.offer(entry, now);
      offered?.(entry, verdict);
    }
    if (now < free) continue;
    end?.();
    end = undefined;
    while (end === undefined) {
      const decision = scheduler.next(now);
      if (decision.kind === 'idle' || decision.kind === 'wait') break;
      const { entries } = decision;
      if (decision.kind === 'drop') {
        for (const entry of entries) scheduler.settled(entry);
        continue;
      }
      const running = scheduler.started(decision, now);
      started?.(decision.lane, now);
      free = now + decision.expected;
      end = () => {
        scheduler.ended(decision, running, free);
        scheduler.learn(decision, running, free);
        for (const entry of entries) scheduler.settled(entry);
      };
    }
  }
}

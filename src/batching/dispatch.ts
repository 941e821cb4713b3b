import type { DispatchReason } from '../inference/observer.ts';
import type { Decision } from '../scheduling/scheduler-policy.ts';
import type { BatchLane } from './batch-lane.ts';
import type { ScheduledEntry } from './scheduled-entry.ts';

/** A batch as the scheduler decided it. */
export type Dispatch = Extract<Decision<ScheduledEntry>, { kind: 'dispatch' }>;

/** Why it starts with no more entries than it has. */
export function reasonOf({ entries, rows, lane }: Dispatch, waiting: number): DispatchReason {
  if (rows >= lane.maxBatchSize) return 'full';
  return entries.length === 1 && waiting > 0 ? 'alone' : 'slot_free';
}

/** The lane it runs on, with its workers. */
export function laneOf({ lane }: Dispatch, lanes: readonly BatchLane[]): BatchLane {
  const found = lanes[lane.index];
  if (found === undefined) throw new RangeError(`there is no lane ${lane.index}`);
  return found;
}

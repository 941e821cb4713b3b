import type { EarlyRequest } from '../inference/served.ts';
import type { EarlyDemand } from '../scheduling/entry.ts';
import type { LatenessMargin } from '../scheduling/lateness-margin.ts';
import type { ScheduledBatcherOptions } from './batch-lane.ts';

/** A request of which only the headers are known. */
export interface Asking extends EarlyRequest {
  /** The variant that it names; any when left out. */
  readonly pinned?: string;
}

/**
 * What it asks at least: the first priority, and whichever variant is quickest. Its size is the scheduler's to guess, and
 * so is its deadline where its headers say none.
 */
export function earlyDemand(
  { deadline, client, bodyBytes, pinned }: Asking,
  { lanes, batching, settings }: Pick<ScheduledBatcherOptions, 'lanes' | 'batching' | 'settings'>,
  margin: LatenessMargin,
  now: number,
): EarlyDemand {
  const own = deadline ?? (batching.defaultTimeout > 0 ? now + batching.defaultTimeout : undefined);
  let allowed = 0;
  for (const { variant, index } of lanes) {
    if (pinned === undefined || variant === pinned) allowed |= 1 << index;
  }
  return {
    acceptedAt: now,
    deadline: own === undefined ? now + settings.patience : margin.due(own, now),
    patient: own === undefined,
    priority: 1,
    client,
    allowed,
    route: 'free',
    preference: 'latency',
    key: '',
    bytes: 0,
    bodyBytes,
    open: deadline === undefined,
  };
}

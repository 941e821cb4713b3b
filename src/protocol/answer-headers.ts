import type { Timings } from '../inference/timings.ts';
import type { InferenceResponse } from '../inference/types.ts';
import { serverTiming } from './server-timing.ts';

/** What an answer's headers (REST) and trailers (gRPC) tell of its run. */
export type RunDescription = Pick<
  InferenceResponse,
  'version' | 'variant' | 'timings' | 'batchSize' | 'choice' | 'reuse'
>;

/**
 * Names and values: version and variant, where the time went, where several variants could have answered why this one,
 * and whether the answer was computed for another request.
 */
export function answerHeaders({
  version,
  variant,
  timings,
  batchSize,
  choice,
  reuse,
}: RunDescription): [string, string][] {
  const headers: [string, string][] = [
    ['x-sluice-version', version],
    ['x-sluice-variant', variant],
    ['x-sluice-batch-size', String(batchSize)],
    ['server-timing', timing(timings, choice?.predicted)],
  ];
  if (choice !== undefined) headers.push(['x-sluice-variant-reason', choice.reason]);
  if (reuse !== undefined) headers.push([`x-sluice-${reuse}`, 'true']);
  return headers;
}

const timing = (timings: Timings, predicted: number | undefined): string =>
  predicted === undefined
    ? serverTiming(timings)
    : `${serverTiming(timings)}, predicted;dur=${predicted.toFixed(3)}`;

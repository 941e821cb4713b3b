import type { Code, InferenceError } from '../errors.ts';
import type { ArmRun, RunEnd } from '../inference/rollout.ts';
import type { RunResult } from '../inference/runner.ts';
import { holdsNaN } from './not-a-number.ts';

/**
 * Codes that speak of the server or the model. All others are the client's doing, or refuse it for lack of time or
 * room.
 */
const FAULTS: ReadonlySet<Code> = new Set([
  'internal',
  'unavailable',
  'unimplemented',
  'failed_precondition',
]);

/** How a run that failed counts: one that the model broke off has, one of a variant that is being closed has not. */
export const endOf = ({ code, reason }: InferenceError): RunEnd =>
  reason === 'failed' || (FAULTS.has(code) && reason !== 'draining') ? 'error' : 'refused';

/** How an answer counts: what is not a number is of no use to the client, and JSON cannot carry it. */
export const endOfAnswer = ({ outputs }: RunResult): RunEnd => (holdsNaN(outputs) ? 'error' : 'ok');

/**
 * Milliseconds of an answer; undefined for one from the response cache. Every arm has its own answers there, and the
 * smaller its share the fewer: a canary would be slower for that alone.
 */
export const latencyOf = ({
  result,
  milliseconds,
}: Pick<ArmRun, 'result' | 'milliseconds'>): number | undefined =>
  result.reuse === 'cached' ? undefined : milliseconds;

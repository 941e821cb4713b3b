import { setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { InferenceError, unavailable } from '../errors.ts';
import { isStrings, type TensorMap } from '../tensor/tensor.ts';
import { stampOf } from './file-stamp.ts';
import {
  type Described,
  type Failure,
  failure,
  type Reply,
  type RunDone,
  type RunTask,
  type WarmDone,
  type WarmTask,
  type WorkerSetup,
} from './messages.ts';
import { monotonic } from './monotonic.ts';
import { OrtSession } from './ort-session.ts';
import { sampleInputs } from './sample-inputs.ts';

/**
 * Milliseconds below which a size is run twice: the first run plans the memory, the second one uses the plan. Of a
 * longer one that is a small part. The first run of a session is not timed: it does what no other has to.
 */
const QUICK_RUN = 10;

/** Milliseconds after which a file that could not be opened is tried again. */
const TRY_AGAIN = 1000;

/** Below this a copy costs less than handing the memory over. */
const TRANSFER_FROM = 4096;

/** On Linux a niceness is a thread's own, and the runtime's threads inherit it. */
const NICENESS = 5;

// Whoever computes can wait a moment; the thread that answers everybody should not have to wait for it.
if (process.platform === 'linux') setPriority(NICENESS);

const setup: WorkerSetup = workerData;
const stamp = setup.stamp ?? stampOf(setup.path);
let opened = open();
let triedAt = monotonic();

function open(): OrtSession | Failure {
  try {
    const session = OrtSession.open(setup.path, setup.session);
    // Answers of two files for one model would be told apart by nobody.
    if (stampOf(setup.path) !== stamp) {
      void session.close();
      throw new InferenceError('failed_precondition', 'the file is another one by now');
    }
    if (setup.warm !== undefined) warmUp(session, setup.warm);
    return session;
  } catch (error) {
    return failure(error);
  }
}

/** Fails only in an instance that replaces a dead one: a pool whose first instances cannot open is not made. */
function session(): OrtSession | Failure {
  if (!(opened instanceof OrtSession) && monotonic() - triedAt > TRY_AGAIN) {
    opened = open();
    triedAt = monotonic();
  }
  if (opened instanceof OrtSession) return opened;
  const reason = unavailable(`the model could not be opened again: ${opened.message}`);
  return { ...failure(reason), unopened: true };
}

export function describe(): Reply<Described> {
  if (!(opened instanceof OrtSession)) return opened;
  const { signature, omittedOutputs } = opened;
  return { ok: true, signature, omittedOutputs, stamp };
}

export function warm(task: WarmTask): Reply<WarmDone> {
  try {
    const open = session();
    return open instanceof OrtSession ? { ok: true, times: warmUp(open, task) } : open;
  } catch (error) {
    return failure(error);
  }
}

export function run({ inputs, outputs: names }: RunTask): unknown {
  try {
    const open = session();
    if (!(open instanceof OrtSession)) return open;
    const inferStart = monotonic();
    const outputs = open.runSync(inputs, names);
    const done: Reply<RunDone> = { ok: true, outputs, inferStart, inferEnd: monotonic() };
    return move({ [transferableSymbol]: transferable(outputs), [valueSymbol]: done });
  } catch (error) {
    return failure(error);
  }
}

/** Milliseconds per run; NaN for a size that the model refuses on sample inputs: real requests may still fit. */
function warmUp(session: OrtSession, { sizes, sample }: WarmTask): number[] {
  return sizes.map((rows, index) => {
    const inputs = sampleInputs(session.signature, rows, sample);
    try {
      if (index === 0) session.runSync(inputs);
      const first = timeOf(session, inputs);
      return first < QUICK_RUN ? Math.min(first, timeOf(session, inputs)) : first;
    } catch {
      return Number.NaN;
    }
  });
}

function timeOf(session: OrtSession, inputs: TensorMap): number {
  const start = monotonic();
  session.runSync(inputs);
  return monotonic() - start;
}

function transferable(outputs: TensorMap): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const { data } of outputs.values()) {
    if (isStrings(data) || data.byteLength < TRANSFER_FROM) continue;
    if (data.buffer instanceof ArrayBuffer) buffers.push(data.buffer);
  }
  return buffers;
}

/** A thread that does nothing but run one session. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../src/errors.ts';
import type { TensorMap } from '../../src/tensor/tensor.ts';
import { OrtSession } from '../../src/workers/ort-session.ts';
import { rowsOf } from '../../src/workers/rows.ts';
import { sampleInputs } from '../../src/workers/sample-inputs.ts';
import { typicalLengths } from '../inputs/lengths.ts';
import { Histogram } from '../statistics/histogram.ts';
import type { CeilingAnswer, CeilingDone, CeilingSetup, CeilingTask } from './ceiling-messages.ts';

/** Distinct batches that are run in turn; a power of two. */
const DISTINCT = 16;

const { path, intraOpThreads, lengths, largestId, seed }: CeilingSetup = workerData;
const session = OrtSession.open(path, { intraOpThreads, executionProviders: ['cpu'] });
const made = new Map<number, readonly TensorMap[]>();

/** Batches in which all rows have one length, as long as what is sent to a server: no padding in the ceiling. */
function batches(rows: number): readonly TensorMap[] {
  let list = made.get(rows);
  if (list === undefined) {
    list = typicalLengths(lengths, DISTINCT, seed).map((length, index) =>
      sampleInputs(session.signature, rows, { seed: seed + index, length, largestId }),
    );
    made.set(rows, list);
  }
  return list;
}

function run({ rows, duration }: CeilingTask): CeilingDone {
  const list = batches(rows);
  const latency = new Histogram();
  // A model that takes a number of rows of its own gets no others, however many are asked for.
  const taken = rowsOf(list[0] as TensorMap, session.signature);
  const start = performance.now();
  let before = start;
  let done = 0;
  for (let index = 0; before - start < duration; index++) {
    session.runSync(list[index % DISTINCT] as TensorMap);
    const after = performance.now();
    latency.record(after - before);
    before = after;
    done += taken;
  }
  return { rows: done, taken, elapsed: before - start, latency: latency.toData() };
}

function attempt(task: CeilingTask): CeilingAnswer {
  try {
    return run(task);
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

parentPort?.on('message', (task: CeilingTask) => parentPort?.postMessage(attempt(task)));

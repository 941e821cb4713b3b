import { writeFileSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import type { Padding } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { noBatchAxis, PROBE_ROWS, rowsDiffer } from './batch-invariance.ts';
import { failure } from './messages.ts';
import { OrtSession } from './ort-session.ts';
import { harmlessPadding } from './padding-invariance.ts';
import type { ProbeMessage, ProbeReport, ProbeTask, SizeTiming } from './probe-messages.ts';
import { type SampleOptions, sampleInputs } from './sample-inputs.ts';

/** Tried in this order until the model runs: ids that fit a small table, lengths that suit images. */
const SAMPLES: readonly SampleOptions[] = [
  { length: 12, largestId: 16 },
  { length: 12, largestId: 2 },
  { length: 64, largestId: 2 },
  { length: 224, largestId: 2 },
  { length: 1, largestId: 2 },
];

const RUNS_PER_SIZE = 3;

/** Milliseconds of measuring; sizes that would not fit in it are left out. */
const MEASURING_LIMIT = 10_000;

/** Milliseconds from which on a single run is measurement enough. */
const SLOW_RUN = 250;

process.once('message', (task: ProbeTask) => {
  sacrifice();
  try {
    send({ kind: 'done', report: probe(task) });
  } catch (error) {
    send({ kind: 'failed', failure: failure(error) });
  }
  process.disconnect();
});

function send(message: ProbeMessage): void {
  process.send?.(message);
}

/** When memory runs out, Linux should end this process and not the server. */
function sacrifice(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Another system: there is no such file.
  }
}

function probe({ path, session: options, sizes }: ProbeTask): ProbeReport {
  const start = performance.now();
  const session = OrtSession.open(path, options);
  const openTime = performance.now() - start;
  send({ kind: 'opened' });
  const { signature, omittedOutputs } = session;
  const found = { signature, omittedOutputs, openTime };
  const runnable = findSample(session);
  if (typeof runnable === 'string') {
    return {
      ...found,
      batchable: false,
      reason: runnable,
      sample: undefined,
      padding: undefined,
      timings: [],
    };
  }
  const objection = noBatchAxis(signature) ?? notInvariant(session, runnable);
  const batchable = objection === undefined;
  return {
    ...found,
    batchable,
    reason: objection ?? 'rows run alone and together agree',
    sample: runnable,
    padding: batchable ? paddingOf(session, runnable) : undefined,
    timings: measure(session, batchable ? sizes : [1], runnable),
  };
}

/** The first sample the model runs on, or why it runs on none. */
function findSample(session: OrtSession): SampleOptions | string {
  let reason = '';
  for (const sample of SAMPLES) {
    try {
      session.runSync(sampleInputs(session.signature, 1, sample));
      return sample;
    } catch (error) {
      if (reason === '') reason = messageOf(error);
    }
  }
  return `it could not be tried on sample inputs: ${reason}`;
}

function notInvariant(session: OrtSession, sample: SampleOptions): string | undefined {
  try {
    const inputs = sampleInputs(session.signature, PROBE_ROWS, sample);
    return rowsDiffer(inputs, (each) => session.runSync(each));
  } catch (error) {
    return `${PROBE_ROWS} rows together fail: ${messageOf(error)}`;
  }
}

function paddingOf(session: OrtSession, sample: SampleOptions): Padding | undefined {
  try {
    const inputs = sampleInputs(session.signature, PROBE_ROWS, sample);
    return harmlessPadding(session.signature, inputs, (each) => session.runSync(each));
  } catch {
    // A longer input than the sample's does not run: then nothing is known about padding.
    return undefined;
  }
}

function measure(session: OrtSession, sizes: readonly number[], sample: SampleOptions): SizeTiming[] {
  const start = performance.now();
  const timings: SizeTiming[] = [];
  let timePerRow = 0;
  for (const rows of sizes) {
    if (performance.now() - start + timePerRow * rows > MEASURING_LIMIT) break;
    const time = medianTime(session, sampleInputs(session.signature, rows, sample));
    timings.push({ rows, time });
    timePerRow = time / rows;
  }
  return timings;
}

function medianTime(session: OrtSession, inputs: TensorMap): number {
  const first = timeOf(session, inputs);
  if (first > SLOW_RUN) return first;
  const times = Array.from({ length: RUNS_PER_SIZE }, () => timeOf(session, inputs));
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? first;
}

function timeOf(session: OrtSession, inputs: TensorMap): number {
  const start = performance.now();
  session.runSync(inputs);
  return performance.now() - start;
}

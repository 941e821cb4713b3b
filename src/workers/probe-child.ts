import { writeFileSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import type { Padding, Signature } from '../inference/signature.ts';
import { noBatchAxis, PROBE_ROWS, rowsDiffer } from './batch-invariance.ts';
import { failure } from './messages.ts';
import { OrtSession } from './ort-session.ts';
import { harmlessPadding } from './padding-invariance.ts';
import type { ProbeMessage, ProbeReport, ProbeTask } from './probe-messages.ts';
import { type SampleOptions, sampleInputs } from './sample-inputs.ts';

/** Tried in this order until the model runs: ids that fit a small table, lengths that suit images. */
const SAMPLES: readonly SampleOptions[] = [
  { length: 12, largestId: 16 },
  { length: 12, largestId: 2 },
  { length: 64, largestId: 2 },
  { length: 224, largestId: 2 },
  { length: 1, largestId: 2 },
];

/**
 * Elements that the open dimensions of an input may make of a sample. Lengths that suit images make gigabytes of four of
 * them, as videos have: that would end this process, and tell nothing about the model.
 */
const MOST_ELEMENTS = 2 ** 24;

sacrifice();

// Ends when the other side disconnects: nothing else keeps it.
process.on('message', (task: ProbeTask) => {
  try {
    send({ kind: 'done', report: probe(task) });
  } catch (error) {
    send({ kind: 'failed', failure: failure(error) });
  }
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

function probe({ path, session: options }: ProbeTask): ProbeReport {
  const session = OrtSession.open(path, options);
  try {
    send({ kind: 'opened' });
    return examine(session);
  } finally {
    // Nothing is asynchronous in it: its memory is there for the next file.
    void session.close();
  }
}

function examine(session: OrtSession): ProbeReport {
  const { signature, omittedOutputs } = session;
  const runnable = findSample(session);
  if (typeof runnable === 'string') {
    return {
      signature,
      omittedOutputs,
      batchable: false,
      reason: runnable,
      sample: undefined,
      padding: undefined,
    };
  }
  const objection = noBatchAxis(signature) ?? notInvariant(session, runnable);
  const batchable = objection === undefined;
  return {
    signature,
    omittedOutputs,
    batchable,
    reason: objection ?? 'rows run alone and together agree',
    sample: runnable,
    padding: batchable ? paddingOf(session, runnable) : undefined,
  };
}

/** The first sample the model runs on, or why it runs on none. */
function findSample(session: OrtSession): SampleOptions | string {
  let reason = '';
  for (const sample of SAMPLES) {
    if (isTooLarge(session.signature, sample)) continue;
    try {
      session.runSync(sampleInputs(session.signature, 1, sample));
      return sample;
    } catch (error) {
      if (reason === '') reason = messageOf(error);
    }
  }
  return `it could not be tried on sample inputs: ${reason}`;
}

function isTooLarge({ inputs }: Signature, { length = 1 }: SampleOptions): boolean {
  const open = inputs.map(({ dims }) => dims.slice(1).filter((dim) => typeof dim === 'string').length);
  return length ** Math.max(0, ...open) > MOST_ELEMENTS;
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

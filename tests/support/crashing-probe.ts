import type { ProbeMessage, ProbeTask } from '../../src/workers/probe-messages.ts';

let poisoned = false;

/** A probe without a runtime: a file named fatal ends it, one named poison makes the next file end it. */
process.on('message', ({ path }: ProbeTask) => {
  if (poisoned || path.endsWith('fatal.onnx')) process.abort();
  poisoned = path.endsWith('poison.onnx');
  const answer: ProbeMessage = {
    kind: 'done',
    report: {
      signature: { inputs: [], outputs: [] },
      omittedOutputs: [],
      batchable: false,
      reason: 'it was not looked at',
      sample: undefined,
      padding: undefined,
    },
  };
  process.send?.(answer);
});

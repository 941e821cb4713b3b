import { parentPort, workerData } from 'node:worker_threads';
import { OrtSession } from '../../src/workers/ort-session.ts';
import { sampleInputs } from '../../src/workers/sample-inputs.ts';

const session = OrtSession.open(workerData.path, { intraOpThreads: 1, executionProviders: ['cpu'] });

export interface CeilingTask {
  readonly rows: number;
  readonly length: number;
  /** Milliseconds to keep running. */
  readonly duration: number;
}

parentPort?.on('message', ({ rows, length, duration }: CeilingTask) => {
  const inputs = sampleInputs(session.signature, rows, { length });
  session.runSync(inputs);
  const start = performance.now();
  let done = 0;
  let elapsed = 0;
  while (elapsed < duration) {
    session.runSync(inputs);
    done += rows;
    elapsed = performance.now() - start;
  }
  parentPort?.postMessage((done * 1000) / elapsed);
});

/**
 * A process that holds bare sessions in threads, warm and at rest: the memory they take without a server around them.
 * Usage: node bench/baselines/bare-sessions.ts SESSIONS MODEL.onnx...
 */
import { Ceiling } from '../ceiling/ceiling.ts';

const [sessions = '1', ...paths] = process.argv.slice(2);
for (const path of paths) {
  const setup = {
    path,
    intraOpThreads: 1,
    lengths: { kind: 'fixed', length: 32 },
    largestId: 1000,
    seed: 1,
  } as const;
  await Ceiling.open(setup, Number(sessions), 100);
}
process.send?.({ address: 'none' });

/** The generator process: opens a target when told, runs one window after the other, and says what it saw. */
import { messageOf } from '../../src/errors.ts';
import { interleave, makeRequests } from '../inputs/requests.ts';
import { openTarget } from '../targets/open-target.ts';
import { ask, isRest, type Payload, type Target } from '../targets/target.ts';
import { autocannonLoop } from './autocannon-loop.ts';
import { closedLoop } from './closed-loop.ts';
import type { FromGenerator, GeneratorSetup, ToGenerator, Window, WindowResult } from './messages.ts';
import { openLoop } from './open-loop.ts';
import { Recorder } from './recorder.ts';

/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 250;

interface Opened {
  readonly setup: GeneratorSetup;
  readonly target: Target;
  readonly payloads: readonly Payload[];
}

/** Asks for every model's signature, makes the requests, and sends one of each: a wrong answer ends it here. */
async function open(setup: GeneratorSetup): Promise<Opened> {
  const target = openTarget(setup.target);
  const lists: Payload[][] = [];
  for (const traffic of setup.traffic) {
    const signature = await target.describe(traffic.model, traffic.version);
    const payloads = makeRequests(traffic, signature, setup.seed).map((request) => target.encode(request));
    await check(target, payloads[0] as Payload);
    lists.push(payloads);
  }
  const payloads = interleave(
    lists,
    setup.traffic.map(({ weight }) => weight),
  );
  return { setup, target, payloads };
}

async function check(target: Target, payload: Payload): Promise<void> {
  const answer = await ask(target, payload);
  if (answer.failure !== undefined) {
    throw new Error(`model '${payload.model}' answers ${answer.failure}: ${answer.message ?? ''}`);
  }
  target.outputsOf(answer);
}

async function run({ setup, target, payloads }: Opened, window: Window): Promise<WindowResult> {
  const { load, warmUp, duration } = window;
  const recorder = new Recorder();
  const timer = setInterval(() => {
    if (recorder.open) tell({ kind: 'progress', ...recorder.progress });
  }, REPORT_EVERY);
  const phases = { warmUp, duration, measuring: () => tell({ kind: 'measuring' }) };
  try {
    const { protocol, address } = setup.target;
    if (load.kind === 'open') await openLoop(target, payloads, load, recorder, phases);
    else if (load.driver === 'autocannon' && isRest(protocol) && setup.traffic.length === 1) {
      await autocannonLoop(address, payloads, load.concurrency, recorder, phases);
    } else await closedLoop(target, payloads, load, recorder, phases);
    return recorder.result();
  } finally {
    clearInterval(timer);
  }
}

function tell(message: FromGenerator): void {
  process.send?.(message);
}

let opened: Opened | undefined;

async function handle(message: ToGenerator): Promise<void> {
  try {
    if (message.kind === 'open') {
      opened?.target.close();
      opened = undefined;
      opened = await open(message.setup);
      tell({ kind: 'opened' });
    } else if (message.kind === 'window' && opened !== undefined) {
      tell({ kind: 'result', result: await run(opened, message.window) });
    } else if (message.kind === 'window') {
      throw new Error('no target is open');
    } else {
      opened?.target.close();
      process.disconnect();
    }
  } catch (error) {
    tell({ kind: 'failed', message: messageOf(error) });
  }
}

process.on('message', (message: ToGenerator) => void handle(message));
// Whoever gave the orders is gone: there is nobody left to measure for.
process.on('disconnect', () => process.exit());

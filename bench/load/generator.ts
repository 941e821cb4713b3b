/** The generator process: opens a target when told, runs one window after the other, and says what it saw. */
import { messageOf } from '../../src/errors.ts';
import { interleave, makeRequests, type Read, readOf } from '../inputs/requests.ts';
import { openTarget } from '../targets/open-target.ts';
import { printable } from '../targets/server-text.ts';
import { ask, isRest, type Payload, type Target } from '../targets/target.ts';
import { autocannonLoop, type Ended } from './autocannon-loop.ts';
import { closedLoop, type Phases } from './closed-loop.ts';
import type { FromGenerator, GeneratorSetup, Load, ToGenerator, Window, WindowResult } from './messages.ts';
import { openLoop } from './open-loop.ts';
import { Recorder } from './recorder.ts';

/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 250;

interface Opened {
  readonly setup: GeneratorSetup;
  readonly target: Target;
  readonly payloads: readonly Payload[];
  readonly read: readonly Read[];
  /** Whether the server has ended a connection: autocannon cannot measure it then. */
  endsConnections: boolean;
}

/** Asks for every model's signature, makes the requests, and sends one of each: a wrong answer ends it here. */
async function open(setup: GeneratorSetup): Promise<Opened> {
  const target = openTarget(setup.target);
  const lists: Payload[][] = [];
  const read: Read[] = [];
  for (const traffic of setup.traffic) {
    const signature = await target.describe(traffic.model, traffic.version);
    const payloads = makeRequests(traffic, signature, setup.seed).map((request) => target.encode(request));
    await check(target, payloads[0] as Payload);
    lists.push(payloads);
    read.push(readOf(signature, setup.target.protocol === 'task'));
  }
  const payloads = interleave(
    lists,
    setup.traffic.map(({ weight }) => weight),
  );
  return { setup, target, payloads, read, endsConnections: false };
}

async function check(target: Target, payload: Payload): Promise<void> {
  const answer = await ask(target, payload);
  if (answer.failure !== undefined) {
    throw new Error(`model '${payload.model}' answers ${answer.failure}: ${answer.message ?? ''}`);
  }
  target.outputsOf(answer);
}

/** Measures a window; anew where a connection ended, and then with a request that was lost by that, if any was. */
async function run(opened: Opened, window: Window, lost = false): Promise<WindowResult> {
  const { load, warmUp, duration } = window;
  const recorder = new Recorder();
  if (lost) recorder.failed('ECONNRESET', 'the connection ended before the answer');
  const timer = setInterval(() => {
    if (recorder.open) tell({ kind: 'progress', ...recorder.progress });
  }, REPORT_EVERY);
  const phases = { warmUp, duration, measuring: () => tell({ kind: 'measuring' }) };
  try {
    const end = await send(opened, load, recorder, phases);
    if (end !== undefined) {
      opened.endsConnections = true;
      return await run(opened, window, end.lost);
    }
    const instead = opened.endsConnections && suitsAutocannon(opened.setup, load);
    return { ...recorder.result(), ...(instead ? { endsConnections: true } : {}) };
  } finally {
    clearInterval(timer);
  }
}

/** Resolves to how a connection ended where that spoilt the window. */
async function send(
  { setup, target, payloads, endsConnections }: Opened,
  load: Load,
  recorder: Recorder,
  phases: Phases,
): Promise<Ended | undefined> {
  if (load.kind === 'closed' && suitsAutocannon(setup, load) && !endsConnections) {
    return await autocannonLoop(setup.target.address, payloads, load.concurrency, recorder, phases);
  }
  if (load.kind === 'open') await openLoop(target, payloads, load, recorder, phases);
  else await closedLoop(target, payloads, load, recorder, phases);
  return undefined;
}

const suitsAutocannon = ({ target, traffic }: GeneratorSetup, load: Load): boolean =>
  load.kind === 'closed' && load.driver === 'autocannon' && isRest(target.protocol) && traffic.length === 1;

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
      tell({ kind: 'opened', read: opened.read });
    } else if (message.kind === 'window' && opened !== undefined) {
      tell({ kind: 'result', result: await run(opened, message.window) });
    } else if (message.kind === 'window') {
      throw new Error('no target is open');
    } else {
      opened?.target.close();
      process.disconnect();
    }
  } catch (error) {
    // The server's words are in some of them.
    tell({ kind: 'failed', message: printable(messageOf(error)) });
  }
}

process.on('message', (message: ToGenerator) => void handle(message));
// Whoever gave the orders is gone: there is nobody left to measure for.
process.on('disconnect', () => process.exit());

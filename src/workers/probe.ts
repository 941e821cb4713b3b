import { type ChildProcess, fork } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceError, notFound } from '../errors.ts';
import type { ProbeMessage, ProbeReport, ProbeTask } from './probe-messages.ts';
import { type SessionOptions, sessionOptions } from './session-options.ts';

export interface ProbeOptions extends SessionOptions {
  /** Batch sizes to run and time, ascending. */
  readonly sizes: readonly number[];
  /** Milliseconds for all of it. */
  readonly timeLimit?: number;
  /** Resident memory of the child process, bytes. */
  readonly memoryLimit?: number;
  /** Ends the child when the load is given up. */
  readonly signal?: AbortSignal;
  /** The child's entry file; a test gives one that aborts. */
  readonly entry?: URL;
}

export interface ProbedModel extends ProbeReport {
  readonly fileBytes: number;
}

const TIME_LIMIT = 120_000;
const BASE_MEMORY = 2 * 2 ** 30;
/** The protocol buffer, the weights in it, their packed copies and the work memory. */
const MEMORY_PER_FILE_BYTE = 8;
const MEMORY_CHECK_INTERVAL = 100;
const PAGE = 4096;

/**
 * Opens, checks and times a model file in a process of its own, which may crash, hang or eat memory without harm.
 * Rejects with `failed_precondition` and the reason when the model cannot be served.
 */
export async function probeModel(path: string, options: ProbeOptions): Promise<ProbedModel> {
  const fileBytes = await sizeOf(path);
  const child = fork(fileURLToPath(options.entry ?? new URL('./probe-child.ts', import.meta.url)), [], {
    execArgv: ['--max-old-space-size=512'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    timeout: options.timeLimit ?? TIME_LIMIT,
    killSignal: 'SIGKILL',
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const memoryLimit = options.memoryLimit ?? BASE_MEMORY + MEMORY_PER_FILE_BYTE * fileBytes;
  const task: ProbeTask = { path, session: sessionOptions(options), sizes: options.sizes };
  const { last, signal, exceeded } = await converse(child, task, memoryLimit);
  if (last?.kind === 'done') return { ...last.report, fileBytes };
  if (last?.kind === 'failed') throw new InferenceError(last.failure.code, last.failure.message);
  if (options.signal?.aborted === true) throw new InferenceError('canceled', 'the load was given up');
  const doing = last?.kind === 'opened' ? 'running' : 'loading';
  const limit = exceeded
    ? `more than ${memoryLimit} bytes of memory`
    : `the limit of ${options.timeLimit ?? TIME_LIMIT} ms`;
  const reason =
    signal === 'SIGKILL'
      ? `${doing} it took ${limit}`
      : `the runtime aborted while ${doing} it (${signal ?? 'exit without an answer'})`;
  throw new InferenceError('failed_precondition', `cannot load ${basename(path)}: ${reason}`);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    throw notFound(`there is no model file ${basename(path)}`);
  }
}

interface Ending {
  readonly last: ProbeMessage | undefined;
  readonly signal: NodeJS.Signals | null;
  readonly exceeded: boolean;
}

async function converse(child: ChildProcess, task: ProbeTask, memoryLimit: number): Promise<Ending> {
  let last: ProbeMessage | undefined;
  let exceeded = false;
  child.on('message', (message: ProbeMessage) => {
    last = message;
  });
  const { promise: closed, resolve: close } = Promise.withResolvers<NodeJS.Signals | null>();
  child.once('close', (_code, signal) => close(signal));
  // An aborted signal arrives here too, but then the child has still to end.
  child.on('error', () => {
    if (child.pid === undefined) close(null);
  });
  const watch = setInterval(() => {
    void residentBytes(child).then((bytes) => {
      if (bytes <= memoryLimit) return;
      exceeded = true;
      child.kill('SIGKILL');
    });
  }, MEMORY_CHECK_INTERVAL);
  try {
    child.send(task, () => {});
    const signal = await closed;
    return { last, signal, exceeded };
  } finally {
    clearInterval(watch);
  }
}

/** 0 where the system does not say. */
async function residentBytes(child: ChildProcess): Promise<number> {
  try {
    const pages = (await readFile(`/proc/${child.pid}/statm`, 'utf8')).split(' ')[1];
    return Number(pages) * PAGE;
  } catch {
    return 0;
  }
}

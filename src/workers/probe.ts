import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { InferenceError, notFound } from '../errors.ts';
import type { ProbeReport, ProbeTask } from './probe-messages.ts';
import { type Ending, type ProbeLimits, ProbeProcess } from './probe-process.ts';
import { type SessionOptions, sessionOptions } from './session-options.ts';

export interface ProbeOptions extends SessionOptions {
  /** Milliseconds for all of it, once it is its turn. */
  readonly timeLimit?: number;
  /** Resident memory it may take in the child process, bytes. Left out: by the size of the file and its weights. */
  readonly memoryLimit?: number;
  /** Bytes of the files beside it that may hold its weights; none when left out. */
  readonly dataBytes?: number;
  /** Gives the load up, and ends the child it is tried in. */
  readonly signal?: AbortSignal;
}

export interface ProberOptions {
  /** Children at a time; more are started only while files wait. Default 2. */
  readonly most?: number;
  /** The child's entry file; a test gives one that aborts. */
  readonly entry?: URL;
}

const TIME_LIMIT = 120_000;
const BASE_MEMORY = 2 * 2 ** 30;
/** The protocol buffer, the weights in it or beside it, their packed copies and the work memory. */
const MEMORY_PER_FILE_BYTE = 8;

/** Milliseconds a child waits for the next file. */
const IDLE_TIME = 2000;

/** Bytes from which on a child is not used again: what it took it does not give back. */
const LARGE = 512 * 2 ** 20;

interface Job {
  readonly task: ProbeTask;
  readonly limits: ProbeLimits;
  readonly signal: AbortSignal | undefined;
}

/**
 * Opens and checks model files in child processes, which may crash, hang or eat memory without harm. A child tries one
 * file after the other, because starting one costs more than trying a small file. A crash is blamed on the file that
 * was tried, but in a child that had tried others before only if it happens again in a new one.
 */
export class Prober {
  readonly #entry: URL;
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  readonly #idle = new Map<ProbeProcess, NodeJS.Timeout>();
  #busy = 0;

  constructor({ most = 2, entry = new URL('./probe-child.ts', import.meta.url) }: ProberOptions = {}) {
    this.#entry = entry;
    this.#most = most;
  }

  /** Rejects with `failed_precondition` and the reason when the model cannot be served. */
  async probe(path: string, options: ProbeOptions): Promise<ProbeReport> {
    const bytes = (await sizeOf(path)) + (options.dataBytes ?? 0);
    const limits = {
      time: options.timeLimit ?? TIME_LIMIT,
      memory: options.memoryLimit ?? BASE_MEMORY + MEMORY_PER_FILE_BYTE * bytes,
    };
    const job = { task: { path, session: sessionOptions(options) }, limits, signal: options.signal };
    const ending = (await this.#try(job, false)) ?? (await this.#try(job, true));
    return reportOf(job, ending);
  }

  /** Undefined where the child died that had tried other files before: then one of those may be to blame. */
  async #try(job: Job, alone: false): Promise<Ending | undefined>;
  async #try(job: Job, alone: true): Promise<Ending>;
  async #try({ task, limits, signal }: Job, alone: boolean): Promise<Ending | undefined> {
    await this.#turn();
    let process: ProbeProcess | undefined;
    try {
      if (signal?.aborted === true) throw canceled();
      process = (alone ? undefined : this.#takeIdle()) ?? new ProbeProcess(this.#entry);
      const shared = process.tried > 0;
      const ending = await process.run(task, limits, signal);
      return ending.cause === 'died' && shared ? undefined : ending;
    } finally {
      if (process !== undefined) await this.#giveBack(process);
      this.#busy -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#busy >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy += 1;
  }

  #takeIdle(): ProbeProcess | undefined {
    for (const [process, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(process);
      if (process.alive) return process;
    }
    return undefined;
  }

  async #giveBack(process: ProbeProcess): Promise<void> {
    if (process.alive && (await process.resident()) < LARGE) this.#rest(process);
    else process.end();
  }

  #rest(process: ProbeProcess): void {
    const timer = setTimeout(() => {
      this.#idle.delete(process);
      process.end();
    }, IDLE_TIME);
    timer.unref();
    this.#idle.set(process, timer);
  }
}

function reportOf({ task, limits }: Job, { last, cause, signal }: Ending): ProbeReport {
  if (last?.kind === 'done') return last.report;
  if (last?.kind === 'failed') throw new InferenceError(last.failure.code, last.failure.message);
  if (cause === 'abandoned') throw canceled();
  const doing = last?.kind === 'opened' ? 'running' : 'loading';
  const reasons = {
    memory: `${doing} it took more than ${limits.memory} bytes of memory`,
    time: `${doing} it took the limit of ${limits.time} ms`,
    died: `the runtime aborted while ${doing} it (${signal ?? 'exit without an answer'})`,
    answered: 'the probe gave no report',
  };
  throw new InferenceError('failed_precondition', `cannot load ${basename(task.path)}: ${reasons[cause]}`);
}

const canceled = (): InferenceError => new InferenceError('canceled', 'the load was given up');

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    throw notFound(`there is no model file ${basename(path)}`);
  }
}

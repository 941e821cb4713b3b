import type { RunResult, SpareRunner } from '../inference/runner.ts';
import { byteLength, type TensorMap } from '../tensor/tensor.ts';

/** An answered request that is to be computed a second time. */
export interface ShadowRun {
  readonly runner: SpareRunner | undefined;
  readonly inputs: TensorMap;
  readonly outputs: readonly string[] | undefined;
  /** Told once what came of it. */
  readonly compared: (result: RunResult) => void;
  readonly failed: () => void;
  readonly dropped: () => void;
}

export interface ShadowRunsOptions {
  /** Calls back after what is at hand: the live answer goes out first. */
  readonly later?: (work: () => void) => void;
}

/** One at a time for the whole server: more would be a load. */
const MOST_RUNNING = 1;
/** Requests of a burst that may wait for the run before them. */
const MOST_WAITING = 8;
/** Of the inputs that are held, bytes. */
const MOST_BYTES = 32 * 2 ** 20;

/**
 * The second runs. Each is offered to spare capacity once, when it could start, and dropped where there is none:
 * nothing is ever kept until there is, so that no backlog of them can meet live requests.
 */
export class ShadowRuns {
  readonly #later: (work: () => void) => void;
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #bytes = 0;

  constructor({ later = setImmediate }: ShadowRunsOptions = {}) {
    this.#later = later;
  }

  /** Runs that are under way. */
  get running(): number {
    return this.#running;
  }

  offer(run: ShadowRun): void {
    let bytes = 0;
    for (const tensor of run.inputs.values()) bytes += byteLength(tensor);
    if (this.#waiting.length >= MOST_WAITING || this.#bytes + bytes > MOST_BYTES) {
      run.dropped();
      return;
    }
    this.#bytes += bytes;
    this.#waiting.push({ run, bytes });
    this.#later(() => this.#start());
  }

  /** Offers what waits until one starts; what cannot start now is dropped, all of it. */
  #start(): void {
    while (this.#running < MOST_RUNNING) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const started = begin(next.run);
      if (started === undefined) this.#bytes -= next.bytes;
      else void this.#finish(next, started);
    }
  }

  async #finish({ run, bytes }: Waiting, started: Promise<RunResult>): Promise<void> {
    this.#running++;
    try {
      run.compared(await started);
    } catch {
      run.failed();
    }
    this.#running--;
    this.#bytes -= bytes;
    this.#later(() => this.#start());
  }
}

interface Waiting {
  readonly run: ShadowRun;
  readonly bytes: number;
}

/** Never throws: what goes wrong here is nobody's but the shadow's. */
function begin({ runner, inputs, outputs, failed, dropped }: ShadowRun): Promise<RunResult> | undefined {
  try {
    const started = runner?.run(inputs, outputs);
    if (started === undefined) dropped();
    return started;
  } catch {
    failed();
    return undefined;
  }
}

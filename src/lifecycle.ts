import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from './errors.ts';

/** Moves only forward. */
export type RunState = 'starting' | 'serving' | 'draining' | 'stopping' | 'stopped';

export interface Stage {
  readonly name: string;
  run(): Promise<void> | void;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  /** How long to go on accepting after the first signal, milliseconds. */
  readonly drainDelay: number;
  /** Time from the first signal until the process must have ended, milliseconds. */
  readonly grace: number;
  /** Called at the first signal: clients can be told from now on that the server is going. */
  readonly onDrain: () => void;
  /** Run after the drain delay, in order; one that fails is logged and the next one runs. */
  readonly stages: () => readonly Stage[];
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/**
 * The run states of the server and its ordered shutdown: ready says no at once, requests are still accepted for the
 * drain delay (endpoints take time to learn), then the stages run. The second signal, or the end of the grace, exits
 * with 1 at once.
 */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  #state: RunState = 'starting';
  #shutdown: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  get state(): RunState {
    return this.#state;
  }

  /** False from the first signal on, and before the start is complete. */
  get accepting(): boolean {
    return this.#state === 'serving';
  }

  started(): void {
    if (this.#state === 'starting') this.#enter('serving');
  }

  /** Handles SIGTERM and SIGINT from now on. To be called before the first model loads. */
  listen(source: NodeJS.EventEmitter): void {
    for (const signal of ['SIGTERM', 'SIGINT']) {
      source.on(signal, () => {
        if (this.#shutdown !== undefined) {
          this.#options.logger.warn({ signal }, 'second signal, exiting at once');
          this.#options.exit(1);
          return;
        }
        void this.shutdown(signal).then(() => this.#options.exit(0));
      });
    }
  }

  /** Idempotent: every caller waits for the one shutdown. */
  shutdown(cause: string): Promise<void> {
    this.#shutdown ??= this.#run(cause);
    return this.#shutdown;
  }

  async #run(cause: string): Promise<void> {
    const { logger, drainDelay, grace, exit, onDrain, stages } = this.#options;
    const serving = this.#state === 'serving';
    this.#enter('draining', cause);
    onDrain();
    const overdue = globalThis.setTimeout(() => {
      logger.error({ grace }, 'shutdown did not end within its grace, exiting');
      exit(1);
    }, grace);
    overdue.unref();
    if (serving && drainDelay > 0) await setTimeout(Math.min(drainDelay, grace));
    this.#enter('stopping');
    for (const stage of stages()) {
      try {
        await stage.run();
        logger.debug({ stage: stage.name }, 'shutdown stage done');
      } catch (error) {
        logger.error({ stage: stage.name, error: messageOf(error) }, 'shutdown stage failed');
      }
    }
    clearTimeout(overdue);
    this.#enter('stopped');
  }

  #enter(state: RunState, cause?: string): void {
    this.#state = state;
    this.#options.logger.info({ state, ...(cause === undefined ? {} : { cause }) }, 'run state');
  }
}

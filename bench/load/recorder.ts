import { Histogram } from '../statistics/histogram.ts';
import { ANSWER_TIMEOUT, TIMED_OUT } from '../targets/target.ts';
import type { WindowResult } from './messages.ts';

interface PerModel {
  answered: number;
  readonly latency: Histogram;
}

/**
 * Counts what happens in one window. Nothing counts before `start`, and after `stop` only what became of requests that
 * were out then.
 */
export class Recorder {
  #open = false;
  #begun = 0;
  #cpu = process.cpuUsage();
  #seconds = 0;
  #generatorCpu = 0;
  #answered = 0;
  #rows = 0;
  #failed = 0;
  readonly #failures = new Map<string, number>();
  readonly #messages = new Map<string, string>();
  readonly #latency = new Histogram();
  readonly #models = new Map<string, PerModel>();
  readonly #lateness = new Histogram();

  get open(): boolean {
    return this.#open;
  }

  /** Whether the window has begun; it stays so when the window is over. */
  get begun(): boolean {
    return this.#begun > 0;
  }

  get progress(): { answered: number; failed: number } {
    return { answered: this.#answered, failed: this.#failed };
  }

  start(): void {
    this.#open = true;
    this.#begun = performance.now();
    this.#cpu = process.cpuUsage();
  }

  stop(): void {
    this.#open = false;
    this.#seconds = (performance.now() - this.#begun) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#generatorCpu = (user + system) / 1e6;
  }

  late(milliseconds: number): void {
    this.#lateness.record(milliseconds);
  }

  /** A closed loop's request was answered in the window: both of the below. Past `ANSWER_TIMEOUT` it has failed. */
  completed(model: string, rows: number, latency: number): void {
    if (latency > ANSWER_TIMEOUT) {
      this.failed(TIMED_OUT, 'no answer');
    } else {
      this.answered(rows);
      this.timed(model, latency);
    }
  }

  /** An answer came in the window, to a request of the window or not. */
  answered(rows: number): void {
    this.#answered++;
    this.#rows += rows;
  }

  /** A request of the window was answered, in the window or not; `latency` in milliseconds. */
  timed(model: string, latency: number): void {
    this.#latency.record(latency);
    let each = this.#models.get(model);
    if (each === undefined) {
      each = { answered: 0, latency: new Histogram() };
      this.#models.set(model, each);
    }
    each.answered++;
    each.latency.record(latency);
  }

  failed(failure: string, message?: string): void {
    this.#failed++;
    if (message !== undefined && !this.#messages.has(failure)) this.#messages.set(failure, message);
    this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
  }

  result(): WindowResult {
    return {
      seconds: this.#seconds,
      answered: this.#answered,
      rows: this.#rows,
      failures: Object.fromEntries(this.#failures),
      ...(this.#messages.size === 0 ? {} : { failureMessages: Object.fromEntries(this.#messages) }),
      latency: this.#latency.toData(),
      byModel: Object.fromEntries(
        [...this.#models].map(([model, { answered, latency }]) => [
          model,
          { answered, latency: latency.toData() },
        ]),
      ),
      ...(this.#lateness.count === 0 ? {} : { lateness: this.#lateness.toData() }),
      generatorCpu: this.#generatorCpu,
    };
  }
}

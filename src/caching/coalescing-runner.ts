import { InferenceError } from '../errors.ts';
import type { Runner, RunOptions, RunResult } from '../inference/runner.ts';
import type { Signature } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { Flight, type Rules, timingsSince, Waiter } from './flight.ts';
import { sameInputs, sampleOf } from './same-inputs.ts';

export interface CoalescingOptions {
  readonly signature: Signature;
  readonly defaultPriority: number;
  /** Told of a request that was cancelled while the run it waited for goes on for others. */
  readonly onCanceled?: () => void;
  /** The clock of deadlines, milliseconds. */
  readonly now?: () => number;
}

/**
 * Computes identical requests that are in flight at the same time once. A request joins a run that is under way where
 * that serves it as well as a run of its own; else it runs by itself. What happens to one of those that wait harms no
 * other: the run goes on while anybody wants it, and one that was refused for the sake of the request it was begun for
 * (too late, too much) is tried anew for the others. Of runs with equal samples one at a time takes others in, so that
 * a request is compared with one run at most.
 */
export class CoalescingRunner implements Runner {
  readonly #inner: Runner;
  readonly #signature: Signature;
  readonly #now: () => number;
  readonly #rules: Rules;
  /** Runs that others may join, by sample. */
  readonly #open = new Map<number, Flight>();
  /** Runs that have not ended. */
  #flying = 0;
  #onLanded: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    inner: Runner,
    { signature, defaultPriority, onCanceled = () => {}, now = () => performance.now() }: CoalescingOptions,
  ) {
    this.#inner = inner;
    this.#signature = signature;
    this.#now = now;
    this.#rules = { defaultPriority, onAbandoned: (flight) => this.#shut(flight), onLeft: onCanceled };
  }

  run(inputs: TensorMap, options: RunOptions = {}): Promise<RunResult> {
    const now = this.#now();
    const { signal, deadline = Infinity } = options;
    // Whom the inner one refuses at once has nobody to wait with.
    if (this.#closed !== undefined || signal?.aborted === true || deadline <= now) {
      return this.#inner.run(inputs, options);
    }
    const waiter = new Waiter(options, now);
    this.#enter(sampleOf(inputs, this.#signature), inputs, waiter, now);
    return waiter.promise;
  }

  /** Requests that have joined a run are answered first, be it by another one. */
  close(): Promise<void> {
    this.#closed ??= this.#land().then(() => this.#inner.close());
    return this.#closed;
  }

  async #land(): Promise<void> {
    if (this.#flying === 0) return;
    await new Promise<void>((resolve) => {
      this.#onLanded = resolve;
    });
  }

  #enter(key: number, inputs: TensorMap, waiter: Waiter, now: number): void {
    const flight = this.#open.get(key);
    if (flight?.suits(waiter.options, now) === true && sameInputs(flight.inputs, inputs, this.#signature)) {
      flight.join(waiter);
      return;
    }
    const own = new Flight(key, inputs, waiter, now, this.#rules);
    // The newest of several takes others in.
    this.#open.set(key, own);
    this.#flying += 1;
    void this.#fly(own);
  }

  async #fly(flight: Flight): Promise<void> {
    let result: RunResult;
    try {
      result = await this.#inner.run(flight.inputs, flight.runOptions());
    } catch (error) {
      this.#failed(flight, error);
      return;
    }
    this.#answered(flight, result);
  }

  #answered(flight: Flight, result: RunResult): void {
    this.#shut(flight);
    const { leader, begun, waiters } = flight;
    const alone = waiters.size === 1 && waiters.has(leader) && leader.since === begun;
    const end = alone ? begun : this.#now();
    for (const waiter of waiters) {
      waiter.settled();
      if (waiter.since === begun && waiter === leader) {
        waiter.resolve(result);
        continue;
      }
      const timings = timingsSince(waiter.since, end, result.timings);
      waiter.resolve({ ...result, timings, ...(waiter === leader ? {} : { reuse: 'coalesced' }) });
    }
    this.#landed();
  }

  /** An error of the run is everybody's; a refusal is the leader's alone. */
  #failed(flight: Flight, error: unknown): void {
    this.#shut(flight);
    const refused = isRefusal(error);
    const others: Waiter[] = [];
    for (const waiter of flight.waiters) {
      if (refused && waiter !== flight.leader) {
        others.push(waiter);
        continue;
      }
      waiter.settled();
      waiter.reject(error);
    }
    // The most urgent first: it leads, those after it can join.
    for (const waiter of others.toSorted(byUrgency)) this.#retry(flight, waiter, error);
    this.#landed();
  }

  #retry({ key, inputs }: Flight, waiter: Waiter, error: unknown): void {
    if (waiter.options.signal?.aborted !== true) {
      this.#enter(key, inputs, waiter, this.#now());
      return;
    }
    // The last of them: it was for this one that the run was cancelled.
    waiter.settled();
    waiter.reject(error);
  }

  #shut(flight: Flight): void {
    if (this.#open.get(flight.key) === flight) this.#open.delete(flight.key);
  }

  #landed(): void {
    this.#flying -= 1;
    if (this.#flying === 0) this.#onLanded?.();
  }
}

/** Refused, or dropped before it ran, for a reason of the request; a worker that was lost is none. */
const isRefusal = (error: unknown): boolean =>
  error instanceof InferenceError && error.reason !== undefined && error.reason !== 'failed';

const byUrgency = ({ options: a }: Waiter, { options: b }: Waiter): number =>
  (a.priority ?? 0) - (b.priority ?? 0) || compare(a.deadline ?? Infinity, b.deadline ?? Infinity);

const compare = (a: number, b: number): number => (a < b ? -1 : Number(a > b));

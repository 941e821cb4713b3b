import { InferenceError } from '../errors.ts';
import { Cancellation } from '../inference/cancellation.ts';
import type { RunOptions, RunResult, Terms } from '../inference/runner.ts';
import type { Timings } from '../inference/timings.ts';
import type { TensorMap } from '../tensor/tensor.ts';

/** Requests that are given the same time have been read for a little of it, some more and some less. */
const HARDLY_MORE = 1.05;

/** One request among those that one run answers. Settles exactly once. */
export class Waiter {
  readonly options: RunOptions;
  readonly promise: Promise<RunResult>;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: unknown) => void;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly since: number;
  /** The run that answers it. Another one takes over where that was refused to the request it was begun for. */
  flight: Flight | undefined;

  constructor(options: RunOptions, since: number) {
    this.options = options;
    this.since = since;
    const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
    this.promise = promise;
    this.resolve = resolve;
    this.reject = reject;
    options.signal?.addEventListener('abort', this);
  }

  /** Its client is gone. */
  handleEvent(): void {
    this.flight?.leave(this);
  }

  /** Stops listening to its client. */
  settled(): void {
    this.options.signal?.removeEventListener('abort', this);
  }
}

/** A run and the requests that wait for it. The first of them leads: the run has its deadline, priority and terms. */
export class Flight {
  readonly key: number;
  readonly inputs: TensorMap;
  readonly leader: Waiter;
  /** On the clock of the waiters: later than the leader's arrival where another run was refused to it before. */
  readonly begun: number;
  readonly #options: RunOptions;
  readonly #defaultPriority: number;
  readonly #onAbandoned: (flight: Flight) => void;
  readonly #onLeft: () => void;
  readonly #waiters = new Set<Waiter>();
  #cancellation: Cancellation | undefined;

  constructor(key: number, inputs: TensorMap, leader: Waiter, begun: number, rules: Rules) {
    const { defaultPriority, onAbandoned, onLeft } = rules;
    this.key = key;
    this.inputs = inputs;
    this.leader = leader;
    this.begun = begun;
    this.#options = leader.options;
    this.#defaultPriority = defaultPriority;
    this.#onAbandoned = onAbandoned;
    this.#onLeft = onLeft;
    this.join(leader);
  }

  get waiters(): ReadonlySet<Waiter> {
    return this.#waiters;
  }

  /** The leader's options, but that the run is cancelled only when nobody waits for it any more. */
  runOptions(): RunOptions {
    if (this.#options.signal === undefined) return this.#options;
    this.#cancellation ??= new Cancellation();
    return { ...this.#options, signal: this.#cancellation };
  }

  /**
   * Whether the run answers a request with these options as well as one of its own would: the same outputs from the
   * same variants, no later, and where there is a choice of variants, with hardly less time to choose well.
   */
  suits({ outputs, priority, deadline = Infinity, terms }: RunOptions, now: number): boolean {
    const own = this.#options;
    const { deadline: ownDeadline = Infinity } = own;
    if ((own.priority ?? this.#defaultPriority) > (priority ?? this.#defaultPriority)) return false;
    if (ownDeadline > deadline) return false;
    const chosen = (terms?.variants.length ?? 1) > 1;
    if (chosen && deadline - now > (ownDeadline - this.begun) * HARDLY_MORE) return false;
    return sameTerms(own.terms, terms) && sameNames(own.outputs, outputs);
  }

  join(waiter: Waiter): void {
    waiter.flight = this;
    this.#waiters.add(waiter);
  }

  /** The client of a waiter is gone: the run ends with the last of them, whom it answers itself. */
  leave(waiter: Waiter): void {
    if (this.#waiters.size === 1) {
      this.#onAbandoned(this);
      this.#cancellation?.abort();
      return;
    }
    this.#waiters.delete(waiter);
    waiter.settled();
    waiter.reject(
      new InferenceError('canceled', 'the request was canceled before it was answered', {
        reason: 'canceled',
      }),
    );
    this.#onLeft();
  }
}

export interface Rules {
  /** The priority of a request that names none; 1 is first. */
  readonly defaultPriority: number;
  /** Told when nobody waits for a run any more. */
  readonly onAbandoned: (flight: Flight) => void;
  /** Told when a request was cancelled whose run goes on for others. */
  readonly onLeft: () => void;
}

/** What of a run's time passed after `since`, when it ended at `end`; the rest of the wait counts as queue. */
export function timingsSince(since: number, end: number, run: Timings): Timings {
  let left = Math.max(0, end - since);
  const take = (part: number): number => {
    const taken = Math.min(part, left);
    left -= taken;
    return taken;
  };
  const computeOutput = take(run.computeOutput);
  const computeInfer = take(run.computeInfer);
  const computeInput = take(run.computeInput);
  return { queue: left, computeInput, computeInfer, computeOutput };
}

const sameTerms = (a: Terms | undefined, b: Terms | undefined): boolean =>
  a === b ||
  (a !== undefined && b !== undefined && a.preference === b.preference && sameNames(a.variants, b.variants));

const sameNames = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a === b ||
  (a !== undefined && b !== undefined && a.length === b.length && a.every((each) => b.includes(each)));

import { fromUnknown, type InferenceError } from '../errors.ts';
import type { CancelSignal } from '../inference/cancellation.ts';
import type { DispatchReason, VariantObserver } from '../inference/observer.ts';
import type { Runner, RunOptions, RunResult, SlottedRunner } from '../inference/runner.ts';
import type { Batching, Signature } from '../inference/signature.ts';
import { NO_TIME, type Timings } from '../inference/timings.ts';
import { RecentShare } from '../scheduling/recent-share.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { type BatchShape, batchShape } from './batch-key.ts';
import { type BatchPolicy, PULL_POLICY, type Situation } from './batch-policy.ts';
import { type Batch, type BatchAnswer, longestQueue, runBatch } from './batch-run.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { DrainRate } from './drain-rate.ts';
import { sliceRows } from './merge-split.ts';
import { Entry, PendingRequest } from './pending-request.ts';
import { refusalOnArrival, refusals, runnerIsAtFault } from './refusals.ts';
import { type KeyQueue, RequestQueue } from './request-queue.ts';
import { WakeUp } from './wake-up.ts';

export interface DynamicBatcherOptions {
  readonly signature: Signature;
  readonly batching: Batching;
  readonly observer: VariantObserver;
  readonly clock?: Clock;
  readonly policy?: BatchPolicy;
}

const NO_OPTIONS: RunOptions = {};

/**
 * A runner that lets runs share batches of the runner below it. Batches are pulled: `#pump` is one synchronous
 * function, called when an entry has joined, a slot is free or the timer fires; it asks the policy and does what that
 * says. Every request is settled exactly once and alone, whatever becomes of its batch mates.
 */
export class DynamicBatcher implements Runner {
  readonly #runner: SlottedRunner;
  readonly #signature: Signature;
  readonly #batching: Batching;
  readonly #observer: VariantObserver;
  readonly #clock: Clock;
  readonly #policy: BatchPolicy;
  readonly #queue = new RequestQueue();
  readonly #drainRate: DrainRate;
  readonly #refusedShare = new RecentShare();
  readonly #wakeUp: WakeUp;
  readonly #stopListening: () => void;
  readonly #onAbort = (request: PendingRequest): void => this.#aborted(request);
  #inFlight = 0;
  #sequence = 0;
  #reportedDepth = 0;
  #pumping = false;
  #draining = false;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(runner: SlottedRunner, options: DynamicBatcherOptions) {
    this.#runner = runner;
    this.#signature = options.signature;
    this.#batching = options.batching;
    this.#observer = options.observer;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#policy = options.policy ?? PULL_POLICY;
    this.#drainRate = new DrainRate(this.#clock);
    this.#wakeUp = new WakeUp(this.#clock, () => this.#pump());
    this.#stopListening = runner.onSlotFree(() => this.#pump());
  }

  /** Entries that wait. */
  get queueDepth(): number {
    return this.#queue.size;
  }

  /** Requests accepted and not settled yet: waiting or running. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** 0 idle, 1 with every slot busy; above 1, by the share that was refused, for ten seconds after the full queue did. */
  get saturation(): number {
    const refused = this.#refusedShare.at(this.#clock.now());
    const { running, concurrency } = this.#runner;
    return refused > 0 ? 1 + refused : Math.min(running / Math.max(concurrency, 1), 1);
  }

  run(inputs: TensorMap, options: RunOptions = NO_OPTIONS): Promise<RunResult> {
    const now = this.#clock.now();
    const { outputs, signal, deadline = Infinity } = options;
    const refusal = this.#refusal(signal, deadline, now);
    if (refusal !== undefined) {
      if (refusal.reason !== undefined) this.#observer.requestRejected(refusal.reason);
      return Promise.reject(refusal);
    }
    const priority = this.#priority(options.priority);
    const fields = { outputs, signal, priority, acceptedAt: now, deadline };
    const request = new PendingRequest(fields, this.#onAbort);
    this.#inFlight += 1;
    this.#refusedShare.add(1, 0, now);
    const { maxBatchSize } = this.#batching;
    this.#enqueue(request, inputs, batchShape(inputs, outputs, this.#signature, maxBatchSize));
    this.#pump();
    return request.promise;
  }

  /** Answers what was accepted, without waiting for fuller batches, then closes the runner below. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#draining = true;
      this.#closing = this.#drain();
    }
    return this.#closing;
  }

  async #drain(): Promise<void> {
    this.#queue.wake(Infinity);
    this.#pump();
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    this.#stopListening();
    this.#wakeUp.stop();
    await this.#runner.close();
  }

  #refusal(signal: CancelSignal | undefined, deadline: number, now: number): InferenceError | undefined {
    const refusal = refusalOnArrival(this.#draining, signal, deadline, now);
    if (refusal !== undefined) return refusal;
    const waiting = this.#queue.size;
    const { maxQueueSize } = this.#batching;
    if (waiting < maxQueueSize || (waiting === 0 && this.#runner.freeSlots > 0)) return undefined;
    this.#refusedShare.add(1, 1, now);
    return refusals.queueFull(maxQueueSize, this.#drainRate.secondsToClear(waiting));
  }

  #priority(asked: number | undefined): number {
    const { priorityLevels, defaultPriority } = this.#batching;
    return priorityLevels === 0 ? 1 : (asked ?? defaultPriority);
  }

  /** A request larger than a batch takes several places in the queue; it needs one free one to be accepted. */
  #enqueue(request: PendingRequest, inputs: TensorMap, { rows, key }: BatchShape): void {
    const limit = this.#batching.maxBatchSize;
    if (key === undefined || rows <= limit) {
      request.entries = [this.#entry(request, 0, inputs, rows)];
    } else {
      request.entries = Array.from({ length: Math.ceil(rows / limit) }, (_, piece) => {
        const start = piece * limit;
        const end = Math.min(start + limit, rows);
        return this.#entry(request, piece, sliceRows(inputs, start, end), end - start);
      });
    }
    if (key === undefined) this.#queue.pushSealed(request.entries);
    else for (const entry of request.entries) this.#queue.push(entry, key);
  }

  #entry(request: PendingRequest, piece: number, inputs: TensorMap, rows: number): Entry {
    const { acceptedAt, deadline, priority } = request;
    const rank = this.#policy.rank({ rows, acceptedAt, deadline, priority });
    return new Entry(request, { piece, inputs, rows, rank, sequence: this.#sequence++ });
  }

  /** Starts every batch that can start now, and sees to it that it is called again in time. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#startNext());
    } finally {
      this.#pumping = false;
    }
    this.#drainRate.backlog(this.#queue.size > 0);
    this.#wakeUp.at(this.#queue.nextWake, this.#queue.nextDeadline);
    this.#reportDepth();
  }

  #startNext(): boolean {
    const now = this.#clock.now();
    this.#dropExpired(now);
    this.#queue.wake(now);
    const queue = this.#queue.next();
    if (queue === undefined || this.#runner.freeSlots <= 0) return false;
    const decision = this.#policy.decide(queue, this.#situation(now));
    if (decision.kind === 'idle') return false;
    if (decision.kind === 'wait') this.#queue.park(queue, decision.until);
    else this.#dispatch(queue, decision.entries, decision.reason, now);
    return true;
  }

  #situation(now: number): Situation {
    return {
      batching: this.#batching,
      freeSlots: this.#runner.freeSlots,
      now,
      draining: this.#draining,
      queueFull: this.#queue.size >= this.#batching.maxQueueSize,
    };
  }

  #dispatch(queue: KeyQueue, entries: readonly Entry[], reason: DispatchReason, now: number): void {
    this.#queue.take(queue, entries);
    this.#drainRate.drained(entries.length, now);
    let rows = 0;
    for (const entry of entries) rows += entry.rows;
    void this.#execute({ entries, rows, reason, startedAt: now, alone: this.#queue.size === 0 });
  }

  async #execute(batch: Batch): Promise<void> {
    let answer: BatchAnswer;
    try {
      answer = await runBatch(batch, this.#runner, this.#clock);
    } catch (error) {
      this.#failed(batch, fromUnknown(error));
      return;
    }
    for (const [index, { request, piece }] of batch.entries.entries()) {
      if (request.entryEnded(piece, answer.results[index])) this.#settled();
    }
    this.#report(batch, answer.timings, false);
  }

  /**
   * The error of a batch may be that of one entry: the batch is halved and run again until the culprit stands alone.
   * That costs at most 2 log2(n) runs for each. The halves keep their rank, so they are next, but wait for a slot.
   */
  #failed(batch: Batch, error: InferenceError): void {
    const { entries } = batch;
    this.#report(batch, { ...NO_TIME, queue: longestQueue(batch) }, true);
    if (entries.length === 1 || runnerIsAtFault(error)) {
      for (const entry of entries) this.#entryFailed(entry, error);
    } else {
      const middle = Math.ceil(entries.length / 2);
      this.#retry(entries.slice(0, middle));
      this.#retry(entries.slice(middle));
    }
    this.#pump();
  }

  #retry(entries: readonly Entry[]): void {
    const wanted = entries.filter((entry) => {
      const { error, signal } = entry.request;
      if (error === undefined && !signal?.aborted) return true;
      this.#entryFailed(entry, error ?? refusals.canceled());
      return false;
    });
    if (wanted.length > 0) this.#queue.pushSealed(wanted);
  }

  /** Ends one running entry; the pieces of its request that still wait are dropped with it. */
  #entryFailed({ request, piece }: Entry, error: InferenceError): void {
    this.#abandon(request, error);
    if (request.entryEnded(piece)) this.#settled();
  }

  #aborted(request: PendingRequest): void {
    if (!request.entries.some(({ queue }) => queue !== undefined)) return;
    this.#abandon(request, refusals.canceled());
    this.#reportDepth();
  }

  #dropExpired(now: number): void {
    for (let entry = this.#queue.expired(now); entry; entry = this.#queue.expired(now)) {
      this.#abandon(entry.request, refusals.late());
    }
  }

  /** Takes what waits of a request out of the queue, at once; it is settled when nothing of it runs any more. */
  #abandon(request: PendingRequest, error: InferenceError): void {
    if (request.error === undefined) {
      request.error = error;
      if (error.reason !== undefined) this.#observer.requestRejected(error.reason);
    }
    for (const entry of request.entries) {
      if (entry.queue === undefined) continue;
      this.#queue.take(entry.queue, [entry]);
      if (request.entryEnded(entry.piece)) this.#settled();
    }
  }

  #settled(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#onEmpty?.();
  }

  #report({ rows, entries, reason }: Batch, timings: Timings, failed: boolean): void {
    this.#observer.batchEnded({ rows, requests: entries.length, reason, timings, failed });
  }

  #reportDepth(): void {
    if (this.#queue.size === this.#reportedDepth) return;
    this.#reportedDepth = this.#queue.size;
    this.#observer.queueChanged(this.#reportedDepth);
  }
}

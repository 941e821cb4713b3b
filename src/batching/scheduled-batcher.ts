import { fromUnknown, type InferenceError } from '../errors.ts';
import type { Runner, RunOptions, RunResult, VariantChoice } from '../inference/runner.ts';
import { NO_TIME } from '../inference/timings.ts';
import { LatenessMargin } from '../scheduling/lateness-margin.ts';
import { Scheduler } from '../scheduling/scheduler.ts';
import type { Running } from '../scheduling/slots.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import type { BatchLane, ScheduledBatcherOptions } from './batch-lane.ts';
import { type Batch, longestQueue, type Ran, recordOf, runBatch } from './batch-run.ts';
import { BatcherTurn } from './batcher-turn.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { type Dispatch, laneOf, reasonOf } from './dispatch.ts';
import { type Asking, earlyDemand } from './early-demand.ts';
import { PendingRequest } from './pending-request.ts';
import { refusalOf, refusalOnArrival, refusals, runnerIsAtFault } from './refusals.ts';
import { entriesOf, patientDue, type ScheduledEntry } from './scheduled-entry.ts';
import { WakeUp } from './wake-up.ts';

/**
 * Batches the runs of one version over its variants: the scheduler says which entries run together, when and on which
 * lane; this carries it out. `#pump` is one synchronous function, called when a batch is full, a turn that brought entries
 * ends, a slot is free or a deadline passes. Every request is settled exactly once and alone, whatever becomes of its mates.
 */
export class ScheduledBatcher implements Runner {
  readonly #lanes: readonly BatchLane[];
  readonly #options: ScheduledBatcherOptions;
  readonly #scheduler: Scheduler<ScheduledEntry>;
  readonly #margin = new LatenessMargin();
  readonly #clock: Clock;
  readonly #wakeUp: WakeUp;
  readonly #turn: BatcherTurn;
  readonly #stopListening: (() => void)[];
  readonly #onAbort = (request: PendingRequest<ScheduledEntry>): void => this.#aborted(request);
  /** Halves of batches that failed; they go before everything else. */
  readonly #retries: Dispatch[] = [];
  #inFlight = 0;
  #reportedDepth = 0;
  #pumping = false;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: ScheduledBatcherOptions) {
    const { lanes, batching, interference, settings, clock = SYSTEM_CLOCK } = options;
    this.#lanes = lanes;
    this.#options = options;
    this.#clock = clock;
    this.#scheduler = new Scheduler<ScheduledEntry>({
      lanes,
      slots: () => settings.slots.count,
      share: settings.shares?.join(),
      interference,
      limits: { entries: batching.maxQueueSize, bytes: settings.maxBytes },
      sojourn: settings.sojourn,
    });
    this.#wakeUp = new WakeUp(clock, () => this.#pump());
    this.#turn = new BatcherTurn(clock, () => this.#pump());
    this.#stopListening = lanes.map(({ runner }) => runner.onSlotFree(() => this.#pump()));
  }

  /** Entries that wait. */
  get queueDepth(): number {
    return this.#scheduler.size;
  }

  /** Requests accepted and not settled yet: waiting or running. */
  get inFlight(): number {
    return this.#inFlight;
  }

  gauges() {
    return this.#scheduler.gauges(this.#clock.now());
  }

  /** The refusal of a request that is not read yet, while requests of its kind are refused. */
  refusal(asking: Asking): InferenceError | undefined {
    const now = this.#clock.now();
    if (!this.#scheduler.refusing(now)) return undefined;
    const verdict = this.#scheduler.refusal(earlyDemand(asking, this.#options, this.#margin, now), now);
    if (verdict === undefined) return undefined;
    const refusal = refusalOf(verdict);
    this.#tellRejected(refusal);
    return refusal;
  }

  run(inputs: TensorMap, options: RunOptions = {}): Promise<RunResult> {
    const now = this.#clock.now();
    const { batching, settings } = this.#options;
    const { deadline: own } = options;
    const refusal = refusalOnArrival(this.#closing !== undefined, options.signal, own ?? Infinity, now);
    if (refusal !== undefined) return this.#refuse(refusal);
    const request = new PendingRequest<ScheduledEntry>(
      {
        outputs: options.outputs,
        signal: options.signal,
        priority: batching.priorityLevels === 0 ? 1 : (options.priority ?? batching.defaultPriority),
        acceptedAt: now,
        deadline: own ?? now + settings.patience,
      },
      this.#onAbort,
    );
    const due = own === undefined ? patientDue(request, settings) : this.#margin.due(own, now);
    const times = { due, patient: own === undefined };
    request.entries = entriesOf(request, inputs, options.terms, times, this.#options);
    this.#inFlight += 1;
    this.#offer(request, now);
    const full = this.#scheduler.size >= (batching.maxBatchSize || Infinity);
    if (full && this.#lanes.some(({ freeSlots }) => freeSlots > 0)) this.#pump();
    else this.#turn.ask();
    return request.promise;
  }

  /** Answers what was accepted. The runners below are not this one's to close. */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  async #drain(): Promise<void> {
    this.#pump();
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    for (const stop of this.#stopListening) stop();
    this.#wakeUp.stop();
  }

  #refuse(refusal: InferenceError): Promise<never> {
    this.#tellRejected(refusal);
    return Promise.reject(refusal);
  }

  /** All entries of a request, or none: the first that is refused takes the others with it. */
  #offer(request: PendingRequest<ScheduledEntry>, now: number): void {
    const { maxBytes } = this.#options.settings;
    const bytes = request.entries.reduce((sum, each) => sum + each.bytes, 0);
    // However long its client waited, it would never fit.
    let error = bytes > maxBytes ? refusals.tooLarge(bytes, maxBytes) : undefined;
    for (const entry of request.entries) {
      if (error !== undefined) break;
      const verdict = entry.allowed === 0 ? undefined : this.#scheduler.offer(entry, now);
      if (verdict?.kind === 'accept') entry.accepted = true;
      else error = refusalOf(verdict);
    }
    if (error === undefined) return;
    this.#abandon(request, error);
    for (const entry of request.entries) if (!entry.accepted) this.#ended(entry);
  }

  /** Starts every batch that can start now, and sees to it that it is called again in time. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    let wake: number | undefined;
    try {
      while (wake === undefined) wake = this.#startNext();
    } finally {
      this.#pumping = false;
    }
    this.#wakeUp.at(wake, this.#scheduler.nextDeadline);
    this.#reportDepth();
  }

  /** Undefined when something was done, else when to ask again if nothing happens. */
  #startNext(): number | undefined {
    const now = this.#clock.now();
    const retry = this.#retries.findIndex(({ lane }) => lane.freeSlots > 0);
    const [half] = retry < 0 ? [] : this.#retries.splice(retry, 1);
    if (half !== undefined) {
      this.#executeHalf(half, now);
      return undefined;
    }
    const decision = this.#scheduler.next(now);
    if (decision.kind === 'idle') return Infinity;
    if (decision.kind === 'wait') return decision.until;
    if (decision.kind === 'dispatch') void this.#execute(decision, now);
    else {
      for (const entry of decision.entries) {
        this.#abandon(entry.request, refusals.late());
        this.#ended(entry);
      }
    }
    return undefined;
  }

  async #execute(dispatch: Dispatch, now: number): Promise<void> {
    const { entries, rows } = dispatch;
    const { runner, observer } = laneOf(dispatch, this.#lanes);
    const waiting = this.#scheduler.size;
    const reason = reasonOf(dispatch, waiting);
    const alone = waiting === 0 && this.#retries.length === 0;
    const batch = { entries, rows, reason, startedAt: now, alone };
    const running = this.#scheduler.started(dispatch, now);
    try {
      const { results, ...ran } = await runBatch(batch, runner, this.#clock, this.#options.padded);
      const end = this.#clock.now();
      this.#scheduler.ended(dispatch, running, end);
      for (const [index, entry] of entries.entries()) {
        const result = results[index];
        this.#ended(entry, result && { ...result, choice: this.#choice(entry, dispatch) });
      }
      this.#turn.after(() => this.#learn(dispatch, running, end, batch, ran));
    } catch (error) {
      this.#scheduler.ended(dispatch, running, this.#clock.now());
      const timings = { ...NO_TIME, queue: longestQueue(batch) };
      observer.batchEnded({ rows, requests: entries.length, reason, timings, failed: true });
      this.#failed(dispatch, fromUnknown(error));
    }
    this.#pump();
  }

  #learn(dispatch: Dispatch, running: Running, end: number, batch: Batch<ScheduledEntry>, ran: Ran): void {
    const { timings, apart } = ran;
    this.#scheduler.learn(dispatch, running, end, timings, apart);
    this.#margin.observe(batch.entries.some(({ request }) => request.deadline < end));
    this.#options.settings.slots.ran(timings.computeInfer);
    const { observer } = laneOf(dispatch, this.#lanes);
    observer.batchEnded(recordOf(batch, timings, this.#options.padded));
  }

  #choice(entry: ScheduledEntry, { lane, expected }: Dispatch): VariantChoice {
    const { variant, accuracy } = lane;
    return { variant, reason: this.#scheduler.reason(entry, lane), accuracy, predicted: expected };
  }

  /** The error may be that of one entry: the batch is halved and run again until the culprit stands alone. */
  #failed(dispatch: Dispatch, error: InferenceError): void {
    const { entries } = dispatch;
    if (entries.length === 1 || runnerIsAtFault(error)) {
      for (const entry of entries) this.#fail(entry, error);
      return;
    }
    const middle = Math.ceil(entries.length / 2);
    for (const half of [entries.slice(0, middle), entries.slice(middle)])
      this.#retries.push({ ...dispatch, entries: half });
  }

  /** It may have waited for its slot: whose client has gone, or whose time is over, is not run. */
  #executeHalf(half: Dispatch, now: number): void {
    const entries = half.entries.filter((entry) => {
      const { error, signal, deadline } = entry.request;
      const gone = error ?? refusalOnArrival(false, signal, deadline, now);
      if (gone !== undefined) this.#fail(entry, gone);
      return gone === undefined;
    });
    if (entries.length === 0) return;
    const rows = entries.reduce((sum, entry) => sum + entry.rows, 0);
    const length = Math.max(...entries.map((entry) => entry.length));
    void this.#execute({ ...half, entries, rows, length }, now);
  }

  #fail(entry: ScheduledEntry, error: InferenceError): void {
    this.#abandon(entry.request, error);
    this.#ended(entry);
  }

  #aborted(request: PendingRequest<ScheduledEntry>): void {
    if (!request.entries.some(({ block }) => block !== undefined)) return;
    this.#abandon(request, refusals.canceled());
    this.#reportDepth();
  }

  /** Takes what waits of a request out of the queue, at once; it is settled when nothing of it runs any more. */
  #abandon(request: PendingRequest<ScheduledEntry>, error: InferenceError): void {
    if (request.error === undefined) {
      request.error = error;
      this.#tellRejected(error);
    }
    for (const entry of request.entries) {
      if (entry.block === undefined) continue;
      this.#scheduler.remove(entry);
      this.#ended(entry);
    }
  }

  #ended(entry: ScheduledEntry, result?: RunResult): void {
    if (entry.accepted) this.#scheduler.settled(entry);
    if (!entry.request.entryEnded(entry.piece, result)) return;
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#onEmpty?.();
  }

  #tellRejected({ reason }: InferenceError): void {
    if (reason !== undefined) this.#lanes[0]?.observer.requestRejected(reason);
  }

  #reportDepth(): void {
    if (this.#scheduler.size === this.#reportedDepth) return;
    this.#reportedDepth = this.#scheduler.size;
    this.#options.queueChanged(this.#reportedDepth);
  }
}

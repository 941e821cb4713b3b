import type { CancelSignal } from './cancellation.ts';
import type { Reuse, VariantChoice } from './runner.ts';
import type { Timings } from './timings.ts';

/** A request to a task endpoint (Hugging Face Inference form): text or image in, labels or vectors out. */
export interface TaskRequest {
  /** May be `name@variant`. */
  readonly model: string;
  /** The task an endpoint is for; found from the model and the body where left out. */
  readonly task?: string | undefined;
  /** The parsed JSON body, or the raw bytes of an image. */
  readonly body: unknown;
  readonly signal?: CancelSignal;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly deadline?: number | undefined;
  /** When its head arrived, on the same clock: `timeout` counts from then. When it was run where left out. */
  readonly arrivedAt?: number;
  /** Requests of one key stay on one arm of a rollout. */
  readonly key?: string | undefined;
  /** Who asks, for fair shares. */
  readonly client?: string;
  /** Of the body as it was sent, where the transport says before it is read. */
  readonly bodyBytes?: number | undefined;
}

export interface TaskResponse {
  /** What the endpoint answers, ready for JSON.stringify. */
  readonly body: unknown;
  readonly model: string;
  readonly version: string;
  readonly variant: string;
  /** Of the slowest run the answer needed. */
  readonly timings: Timings;
  readonly batchSize: number;
  /** Of that run, where several variants could have answered. */
  readonly choice?: VariantChoice;
  /** Of that run, where it was not computed for this request. */
  readonly reuse?: Reuse;
}

/** What the task routes call; implemented in `tasks/` over the data plane. */
export interface TaskPlane {
  /**
   * `not_found` for an unknown model, `unimplemented` for a model without a task or without this one,
   * `invalid_argument` for a bad body.
   */
  run(request: TaskRequest): Promise<TaskResponse>;
}

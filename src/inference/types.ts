import type { Tensor, TensorMap } from '../tensor/tensor.ts';
import type { CancelSignal } from './cancellation.ts';
import type { Reuse, VariantChoice } from './runner.ts';
import type { Timings } from './timings.ts';

export type ParameterValue = string | number | bigint | boolean;
export type Parameters = ReadonlyMap<string, ParameterValue>;

export interface RequestedOutput {
  readonly name: string;
  /** Triton's classification extension: answer the top `n` as BYTES "value:index:label". */
  readonly classification?: number;
}

/** A request after its wire format is gone: REST JSON, REST binary and gRPC all become this. */
export interface InferenceRequest {
  /** May be `name@variant`. */
  readonly model: string;
  readonly version?: string | undefined;
  readonly id?: string;
  /** As sent; the data plane reads those of `SCHEDULING_PARAMETERS` from it. */
  readonly parameters: Parameters;
  readonly inputs: TensorMap;
  /** Every output when left out. */
  readonly outputs?: readonly RequestedOutput[];
  /** Aborted when the client is gone. */
  readonly signal?: CancelSignal;
  /**
   * On the clock of `performance.now()`, milliseconds; from the transport (gRPC deadline). The sooner of it and
   * `timeout` counts.
   */
  readonly deadline?: number | undefined;
  /** When its head arrived, on the same clock: `timeout` counts from then. When it was decoded where left out. */
  readonly arrivedAt?: number;
  /**
   * From the transport: requests of one key stay on one arm of a rollout. The parameter `rollout_key` goes before it.
   */
  readonly key?: string | undefined;
  /** Who asks, for fair shares; its address where nothing better is known. */
  readonly client?: string;
  /** Of its body as it was sent, where the transport says before it is read. */
  readonly bodyBytes?: number | undefined;
}

export interface InferenceResponse {
  readonly model: string;
  readonly version: string;
  readonly variant: string;
  readonly id?: string;
  readonly parameters: Parameters;
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly timings: Timings;
  readonly batchSize: number;
  /** Where several variants could have answered. */
  readonly choice?: VariantChoice;
  /** Where the answer was not computed for this request. */
  readonly reuse?: Reuse;
}

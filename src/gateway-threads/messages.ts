import type { Code } from '../errors.ts';
import type { Mirror } from './mirror.ts';
import type { PackedError, PackedRequest, PackedResponse, PackedTask } from './packed-messages.ts';

/** What a gateway thread asks of the main thread. */
export type Work =
  | { readonly kind: 'infer'; readonly request: PackedRequest }
  /** On a variant of a snapshot of the mirror. */
  | {
      readonly kind: 'inferOn';
      readonly snapshot: number;
      readonly variant: string;
      readonly request: PackedRequest;
    }
  | { readonly kind: 'task'; readonly request: PackedTask }
  | {
      readonly kind: 'statistics';
      readonly name: string | undefined;
      readonly version: string | undefined;
    }
  | { readonly kind: 'load'; readonly name: string; readonly config: string | undefined }
  | { readonly kind: 'unload'; readonly name: string }
  | { readonly kind: 'count'; readonly client: string };

export interface Call {
  readonly id: number;
  readonly work: Work;
}

/** `value` is what the work gives where that is no response with tensors. */
export type Answer =
  | { readonly id: number; readonly response: PackedResponse }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: PackedError };

/** A request that is over, for the metrics of its transport. */
export interface EndedRequest {
  readonly transport: 'rest' | 'grpc';
  readonly operation: string;
  readonly code: string | number;
  readonly seconds: number;
  readonly bytesIn: number;
}

/** What a gateway thread has for the main thread when a turn of its event loop ends. */
export interface ToMain {
  readonly calls: readonly Call[];
  /** Data of the tensors of all calls but the long ones: moved, not copied. */
  readonly bytes: ArrayBuffer;
  /** Calls for whose answers nobody waits any more. */
  readonly canceled?: readonly number[];
  readonly ended?: readonly EndedRequest[];
  /** Codes of requests whose model, version or variant could not be had. */
  readonly unresolved?: readonly Code[];
  /** The newest mirror that it has. */
  readonly mirrored?: number;
  /** Snapshots that it neither has nor uses any more. */
  readonly dropped?: readonly number[];
  /** It serves nobody any more, and has told everything. */
  readonly closed?: boolean;
}

/** What the main thread has for a gateway thread when a turn of its event loop ends; a mirror goes at once. */
export interface ToThread {
  readonly answers: readonly Answer[];
  /** Data of the tensors of all answers but the long ones: moved, not copied. */
  readonly bytes: ArrayBuffer;
  readonly mirror?: Mirror;
}

import type { Signature } from '../../src/inference/signature.ts';
import type { TensorMap } from '../../src/tensor/tensor.ts';

/** Ways to speak to a server of the Open Inference Protocol; `task` is text in, labels out in Hugging Face's form. */
export const PROTOCOLS = ['rest-json', 'rest-binary', 'grpc', 'grpc-stream', 'task'] as const;

export type Protocol = (typeof PROTOCOLS)[number];

export interface TargetSpec {
  readonly protocol: Protocol;
  /** `http://host:port` for the REST forms, `host:port` for gRPC. */
  readonly address: string;
}

export interface BenchRequest {
  readonly model: string;
  readonly version?: string;
  readonly rows: number;
  readonly inputs: TensorMap;
  /** What a task is sent in place of tensors, one for each row. */
  readonly texts?: readonly string[];
}

/** A request as it goes over the wire, made before anything is measured. */
export interface Payload {
  readonly model: string;
  readonly rows: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What came back: `failure` names what went wrong ("HTTP 429", "RESOURCE_EXHAUSTED", "ECONNREFUSED"). */
export interface Answer {
  readonly failure?: string;
  /** The server's own words about the failure. */
  readonly message?: string;
  /** No server answered: there was no connection, or it ended before the answer. */
  readonly unanswered?: boolean;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, unknown>>;
}

export interface AnswerOutput {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A server, spoken to in one way. */
export interface Target {
  /** Inputs and outputs of a model. Rejects with what the server said where it does not serve it. */
  describe(model: string, version?: string): Promise<Signature>;
  encode(request: BenchRequest): Payload;
  /** Sends once; calls `done` once. */
  send(payload: Payload, done: (answer: Answer) => void): void;
  /** The outputs in an answer that is not a failure. Throws where it holds none. */
  outputsOf(answer: Answer): readonly AnswerOutput[];
  close(): void;
}

/** Milliseconds after which a request without an answer counts as failed. */
export const ANSWER_TIMEOUT = 30_000;

/** What such a request fails with. */
export const TIMED_OUT = 'timeout';

/** Whether the protocol goes over HTTP/1.1. */
export const isRest = (protocol: Protocol): boolean => !protocol.startsWith('grpc');

/** Sends once and waits. */
export const ask = (target: Target, payload: Payload): Promise<Answer> =>
  new Promise((resolve) => target.send(payload, resolve));

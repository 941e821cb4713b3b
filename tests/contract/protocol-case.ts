import type { Code } from '../../src/errors.ts';

/**
 * What must be the same over every form of the protocol: requests in neutral words, and the code or the outputs they
 * give. Each form has a driver that writes them its own way; the models are those of `defaultModels`.
 */
export type Carrier = 'json' | 'binary' | 'grpc';

export type CaseValue = number | bigint | string | boolean;

export interface CaseInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Flat, row-major. */
  readonly data: readonly CaseValue[];
  /** Sent by the carriers of raw bytes in place of those of `data`. */
  readonly bytes?: Uint8Array;
}

export interface CaseOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly CaseValue[];
}

export interface CaseRequest {
  readonly model: string;
  readonly version?: string;
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, CaseValue>>;
  readonly inputs: readonly CaseInput[];
  readonly outputs?: readonly {
    readonly name: string;
    readonly parameters?: Readonly<Record<string, CaseValue>>;
  }[];
}

export interface ProtocolCase {
  /** A sentence about behaviour. */
  readonly name: string;
  readonly request: CaseRequest;
  readonly expected: Code | 'ok';
  /** What the error says. */
  readonly message?: RegExp;
  /** Of an answer. */
  readonly outputs?: readonly CaseOutput[];
  /** Forms that can carry the case; all when left out. */
  readonly carriers?: readonly Carrier[];
}

export interface CaseAnswer {
  /** HTTP or gRPC number. */
  readonly status: number;
  /** Of an error. */
  readonly message: string;
  readonly outputs: readonly CaseOutput[];
}

export interface ProtocolDriver {
  readonly carrier: Carrier;
  /** The number this form has for a code. */
  statusOf(code: Code | 'ok'): number;
  send(request: CaseRequest): Promise<CaseAnswer>;
}

export const vector = (data: readonly number[], changes: Partial<CaseInput> = {}): CaseInput => ({
  name: 'input',
  datatype: 'FP32',
  shape: [data.length],
  data,
  ...changes,
});

export const toVector = (changes: Partial<CaseInput>, data = [1, 2]): CaseRequest => ({
  model: 'echo_vector',
  inputs: [vector(data, changes)],
});

export const row = (name: string, data: readonly number[]): CaseInput =>
  vector(data, { name, shape: [1, 4] });

export const ADD: CaseRequest = {
  model: 'add',
  inputs: [row('A', [1, 2, 3, 4]), row('B', [10, 20, 30, 40])],
};

export const SUM: CaseOutput = { name: 'SUM', datatype: 'FP32', shape: [1, 4], data: [11, 22, 33, 44] };

export const RAW: readonly Carrier[] = ['binary', 'grpc'];

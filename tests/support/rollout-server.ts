import { expect } from 'vitest';
import type { RolloutDescription } from '../../src/rollout/describe-rollout.ts';
import {
  fp32Request,
  type RepositoryFiles,
  readJson,
  startTestServer,
  type TestServer,
} from './start-server.ts';

/** Keys of enough clients for every arm to have some. */
export const KEYS: readonly string[] = Array.from({ length: 24 }, (_, index) => `key-${index}`);

/** Sixteen numbers that differ with the seed. */
export const rowOf = (seed: number): number[] =>
  Array.from({ length: 16 }, (_, index) => Math.sin(seed * 31 + index * 7));

/** A request of a model that takes `x`, FP32 [batch, 16]. */
export const requestOf = (seed: number): object => JSON.parse(fp32Request({ x: [rowOf(seed)] }));

/** The real server with explicit loading, and the verbs of rollouts. */
export interface RolloutServer extends AsyncDisposable {
  readonly test: TestServer;
  admin(model: string, method: string, body?: unknown): Promise<Response>;
  /** Begins a rollout; it must be taken. */
  set(model: string, plan: unknown): Promise<RolloutDescription>;
  state(model: string): Promise<RolloutDescription>;
  infer(model: string, key: string, body?: object): Promise<Response>;
  /** A header of the answer to every one of `KEYS`, in their order; all must be answered. */
  askAll(model: string, header?: string): Promise<(string | null)[]>;
  /** Asks one request after the other, a thousand at most, until `done` says so. */
  askUntil(
    model: string,
    done: (now: RolloutDescription) => boolean,
    body?: (round: number) => object,
  ): Promise<RolloutDescription>;
}

export async function startRolloutServer(
  files: RepositoryFiles,
  flags: readonly string[] = [],
): Promise<RolloutServer> {
  const test = await startTestServer(files, [
    '--model-control-mode',
    'explicit',
    '--load-models',
    '*',
    ...flags,
  ]);
  const server: RolloutServer = {
    test,
    admin: (model, method, body) =>
      fetch(`${test.admin}/models/${model}/rollout`, {
        method,
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    async set(model, plan) {
      const response = await server.admin(model, 'PUT', plan);
      expect([response.status, await response.clone().text()]).toEqual([200, expect.any(String)]);
      return readJson(response);
    },
    state: (model) => readJson(server.admin(model, 'GET')),
    infer: (model, key, body = requestOf(1)) =>
      fetch(`${test.rest}/v2/models/${model}/infer`, {
        method: 'POST',
        headers: { 'x-sluice-key': key },
        body: JSON.stringify(body),
      }),
    async askAll(model, header = 'x-sluice-variant') {
      const answers = await Promise.all(KEYS.map((key) => server.infer(model, key)));
      expect(answers.map(({ status }) => status)).toEqual(KEYS.map(() => 200));
      return answers.map(({ headers }) => headers.get(header));
    },
    async askUntil(model, done, body = requestOf) {
      for (let round = 0; round < 1000; round++) {
        if (round % 10 === 0) {
          const now = await server.state(model);
          if (done(now)) return now;
        }
        await (await server.infer(model, `key-${round}`, body(round))).arrayBuffer();
      }
      throw new Error(`not done: ${JSON.stringify(await server.state(model))}`);
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
  return server;
}

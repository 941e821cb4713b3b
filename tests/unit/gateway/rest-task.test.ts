import { afterEach, describe, expect, it } from 'vitest';
import type { RestServerOptions } from '../../../src/gateway/rest-server.ts';
import type { TaskRequest } from '../../../src/inference/task-plane.ts';
import { NO_TIME } from '../../../src/inference/timings.ts';
import { startRest } from '../../support/rest-client.ts';

const running: { server: { close(): Promise<void> } }[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ server }) => server.close()));
});

async function start(options: Partial<RestServerOptions> = {}) {
  const rest = await startRest(options);
  running.push(rest);
  return rest;
}

describe('tasks', () => {
  const tasksOver = (run: (request: TaskRequest) => unknown) => ({
    run: async (request: TaskRequest) => ({
      body: await run(request),
      model: request.model,
      version: '1',
      variant: 'int8',
      timings: NO_TIME,
      batchSize: 1,
    }),
  });

  it('get parsed JSON, and their answer is sent as it is', async () => {
    const { call } = await start({ tasks: tasksOver(({ body, model }) => [{ body, model }]) });
    const body = Buffer.from('{"inputs":"hi","parameters":{"top_k":1}}');
    const answer = await call('/models/intent@int8', { method: 'POST', body });
    expect(answer.json).toEqual([{ body: { inputs: 'hi', parameters: { top_k: 1 } }, model: 'intent@int8' }]);
    expect(answer.headers.get('x-sluice-variant')).toBe('int8');
    expect(answer.headers.get('server-timing')).toContain('compute_infer;dur=');
  });

  it('get the bytes of an image', async () => {
    const { call } = await start({ tasks: tasksOver(({ body }) => [...(body as Uint8Array)]) });
    const answer = await call('/models/fashion', {
      method: 'POST',
      body: new Uint8Array([1, 2, 3]),
      headers: { 'content-type': 'image/png' },
    });
    expect(answer.json).toEqual([1, 2, 3]);
  });

  it.each([
    [Buffer.alloc(0), 'application/json', 400],
    [Buffer.from('{'), 'application/json', 400],
    [Buffer.from('hello'), 'text/csv', 415],
  ])('refuse %o as %s', async (body, type, expected) => {
    const { call } = await start({ tasks: tasksOver(() => 'never') });
    const { status, json } = await call('/models/x', {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });
    expect(status).toBe(expected);
    expect(json).toEqual({ error: expect.any(String) });
  });

  it('have no route without a task plane', async () => {
    const { call } = await start();
    expect(await call('/models/x', { method: 'POST', body: Buffer.from('{}') })).toMatchObject({
      status: 404,
    });
  });
});

import { afterEach, expect, test, vi } from 'vitest';
import { collectBuffers } from '../../../src/gateway/buffer-garbage.ts';
import { startRest } from '../../support/rest-client.ts';

vi.mock('../../../src/gateway/buffer-garbage.ts', () => ({ collectBuffers: vi.fn() }));

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

test('what comes and goes is told to the collector, and the parts of what came are freed', async () => {
  const { server, infer } = await startRest();
  running.push(server);
  const freed = vi.spyOn(ArrayBuffer.prototype, 'transfer');
  const data = Array.from({ length: 30_000 }, (_, index) => index + 0.5);
  const body = { inputs: [{ name: 'input', datatype: 'FP32', shape: [data.length], data }] };
  const answer = await infer('echo_vector', body);
  expect(answer.status).toBe(200);
  expect(collectBuffers).toHaveBeenCalledWith(JSON.stringify(body).length);
  expect(collectBuffers).toHaveBeenCalledWith(answer.body.length);
  expect(freed.mock.contexts.length).toBeGreaterThan(1);
});

import { afterEach, expect, test, vi } from 'vitest';
import { collectBuffers } from '../../../src/gateway/buffer-garbage.ts';
import { emptyWhenClosed } from '../../../src/gateway/ended-calls.ts';
import { startRest } from '../../support/rest-client.ts';
import { startGrpc } from '../../support/start-grpc.ts';

vi.mock('../../../src/gateway/buffer-garbage.ts', async (original) => ({
  ...(await original<typeof import('../../../src/gateway/buffer-garbage.ts')>()),
  collectBuffers: vi.fn(),
}));
vi.mock('../../../src/gateway/ended-calls.ts', () => ({ emptyWhenClosed: vi.fn() }));

const ELEMENTS = 30_000;

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  vi.mocked(collectBuffers).mockClear();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

test('what comes and goes over REST is told to the collector, and the parts of what came are freed', async () => {
  const { server, infer } = await startRest();
  running.push(server);
  const freed = vi.spyOn(ArrayBuffer.prototype, 'transfer');
  const data = Array.from({ length: ELEMENTS }, (_, index) => index + 0.5);
  const body = { inputs: [{ name: 'input', datatype: 'FP32', shape: [data.length], data }] };
  const answer = await infer('echo_vector', body);
  expect(answer.status).toBe(200);
  expect(collectBuffers).toHaveBeenCalledWith(JSON.stringify(body).length);
  expect(collectBuffers).toHaveBeenCalledWith(answer.body.length);
  expect(freed.mock.contexts.length).toBeGreaterThan(1);
});

test('what comes and goes over gRPC is told to the collector, and the call will be emptied', async () => {
  const grpc = await startGrpc();
  running.push(grpc);
  const raw = Buffer.from(new Float32Array(ELEMENTS).buffer);
  await grpc.client.unary('ModelInfer', {
    model_name: 'echo_vector',
    inputs: [{ name: 'input', datatype: 'FP32', shape: [ELEMENTS] }],
    raw_input_contents: [raw],
  });
  const told = vi.mocked(collectBuffers).mock.calls.map(([bytes]) => bytes);
  expect(told).toHaveLength(2);
  expect(Math.min(...told)).toBeGreaterThan(raw.byteLength);
  const reasons = vi.mocked(emptyWhenClosed).mock.calls.map(([, bytes]) => bytes);
  expect(reasons).toEqual(told);
});

import { hasSubscribers } from 'node:diagnostics_channel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fakeDataPlane } from '../../support/fake-data-plane.ts';
import { echoModel, type FakeModel, FakeRegistry } from '../../support/fake-registry.ts';
import { startGrpc, vectorRequest } from '../../support/start-grpc.ts';

const HOUR = 3_600_000;

let deadline: number | undefined;
const echo = echoModel('echo', 'FP32', '');
const model: FakeModel = {
  ...echo,
  run: (inputs, options) => {
    deadline = options.deadline;
    return echo.run(inputs, options);
  },
};
let grpc: Awaited<ReturnType<typeof startGrpc>>;
beforeAll(async () => {
  grpc = await startGrpc({ dataPlane: fakeDataPlane(new FakeRegistry([model])) });
});
afterAll(async () => {
  await grpc.close();
  expect(hasSubscribers('http2.server.stream.created')).toBe(false);
});

test.each([
  [10 * 24, 10 * 24],
  [30 * 24, 576],
  [50 * 24, 576],
  [9_999_999, 576],
])('a deadline in %d hours is one in %d', async (asked, given) => {
  const before = performance.now();
  await grpc.client.unary('ModelInfer', vectorRequest('echo'), { deadline: Date.now() + asked * HOUR });
  expect(Math.round(((deadline ?? 0) - before) / HOUR)).toBe(given);
});

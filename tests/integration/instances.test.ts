import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ModelConfig } from '../../src/inference/metadata.ts';
import { slowModel } from '../support/onnx/models.ts';
import { fp32Request, readJson, startTestServer, type TestServer } from '../support/start-server.ts';

let server: TestServer;

// A second thread for lone runs would be counted as well: whoever sets the threads has none.
const settings = { maxBatchSize: 0, coalesce: 'off', intraOpThreads: 1 };

beforeAll(async () => {
  server = await startTestServer(
    {
      'asked/1/model.onnx': slowModel({ size: 512 }),
      'asked/model.json': JSON.stringify(settings),
      'idle/1/model.onnx': slowModel({ size: 512 }),
      'idle/model.json': JSON.stringify(settings),
      'set/1/model.onnx': slowModel({ size: 512 }),
      'set/model.json': JSON.stringify({ ...settings, instances: 3 }),
    },
    ['--cores', '4'],
  );
});
afterAll(() => server[Symbol.asyncDispose]());

const instances = (model: string) =>
  server.metric(`sluice_instances{model="${model}",version="1",variant="default"}`);

const ask = async (): Promise<number> => {
  const body = fp32Request({ x: [[1, 2, 3, 4]] });
  return (await fetch(`${server.rest}/v2/models/asked/infer`, { method: 'POST', body })).status;
};

test('the configuration of a model says how many there may be', async () => {
  const most = async (model: string) => {
    const config = readJson<ModelConfig>(fetch(`${server.rest}/v2/models/${model}/config`));
    return (await config).instance_group.map(({ count }) => count);
  };
  expect([await most('idle'), await most('set')]).toEqual([[4], [3]]);
});

test('of a model that is asked more at once than its instances can take more are opened, up to the cores', async () => {
  expect([await instances('asked'), await instances('set')]).toEqual([2, 3]);
  const statuses = new Set<number>();
  await vi.waitUntil(
    async () => {
      for (const status of await Promise.all(Array.from({ length: 8 }, ask))) statuses.add(status);
      return (await instances('asked')) === 4;
    },
    { timeout: 20_000 },
  );
  expect([...statuses]).toEqual([200]);
  expect([await instances('idle'), await instances('set')]).toEqual([2, 3]);
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { addModel, identityModel, slowModel } from '../support/onnx/models.ts';
import { fp32Request, readJson, startTestServer, type TestServer } from '../support/start-server.ts';

/** Sends requests one after the other on several lanes until told to stop; every answer's status is kept. */
function load(test: TestServer, path: string, body: string, lanes = 8) {
  const statuses: number[] = [];
  let running = true;
  const lane = async (): Promise<void> => {
    while (running) {
      const response = await fetch(`${test.rest}${path}`, { method: 'POST', body });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
  };
  const done = Promise.all(Array.from({ length: lanes }, lane));
  return {
    statuses,
    async atLeast(count: number) {
      const goal = statuses.length + count;
      while (statuses.length < goal) await setImmediate();
    },
    async stop() {
      running = false;
      await done;
    },
  };
}

const repositoryCall = (test: TestServer, model: string, verb: 'load' | 'unload') =>
  fetch(`${test.rest}/v2/repository/models/${model}/${verb}`, { method: 'POST' });

describe.each(['0', '2'])('a change under load, with %s gateway threads', (threads) => {
  const gateways = ['--gateway-threads', threads];

  it('swaps to a new version without losing a request', async () => {
    await using test = await startTestServer({ 'm/1/model.onnx': identityModel('FP32') }, [
      ...gateways,
      '--model-control-mode',
      'explicit',
      '--load-models',
      'm',
    ]);
    const traffic = load(test, '/v2/models/m/infer', fp32Request({ x: [[1, 2, 3]] }));
    await traffic.atLeast(20);
    await test.write({ 'm/2/model.onnx': identityModel('FP32') });
    expect((await repositoryCall(test, 'm', 'load')).status).toBe(200);
    await traffic.atLeast(20);
    await traffic.stop();
    expect(new Set(traffic.statuses)).toEqual(new Set([200]));
    expect(await readJson(fetch(`${test.rest}/v2/models/m`))).toMatchObject({ versions: ['2'] });
  });

  it('keeps the old version when the new one is broken', async () => {
    await using test = await startTestServer({ 'm/1/model.onnx': identityModel('FP32') }, [
      ...gateways,
      '--model-control-mode',
      'explicit',
      '--load-models',
      '*',
    ]);
    await test.write({ 'm/2/model.onnx': 'not a model' });
    expect((await repositoryCall(test, 'm', 'load')).status).toBeGreaterThanOrEqual(400);
    const answer = await fetch(`${test.rest}/v2/models/m/infer`, {
      method: 'POST',
      body: fp32Request({ x: [[1, 2, 3]] }),
    });
    expect(answer.status).toBe(200);
    expect((await fetch(`${test.rest}/v2/health/ready`)).status).toBe(200);
  });

  it('loses no accepted request in a shutdown, and refuses connections after it', async () => {
    const files = {
      'slow/1/model.onnx': slowModel({ size: 1024 }),
      'slow/model.json': JSON.stringify({ maxBatchSize: 0, coalesce: 'off' }),
    };
    await using test = await startTestServer(files, gateways);
    const body = fp32Request({ x: [[1, 2, 3, 4]] });
    const send = () => fetch(`${test.rest}/v2/models/slow/infer`, { method: 'POST', body });
    const pending = Array.from({ length: 8 }, send);
    const inFlight = 'sluice_requests_in_flight{model="slow",version="1",variant="default"}';
    await expect.poll(() => test.metric(inFlight)).toBe(8);
    const shutdown = test.server.lifecycle.shutdown('test');
    expect((await fetch(`${test.admin}/readyz`)).status).toBe(503);
    const answers = await Promise.all(pending);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    await shutdown;
    await expect(send()).rejects.toThrow();
  });

  it('does not wait in a shutdown for a connection that never sent a request', async () => {
    await using test = await startTestServer({ 'add/1/model.onnx': addModel() }, gateways);
    const { host, port } = test.server.addresses.http;
    const socket = connect(port, host);
    // Reset where it was not accepted yet.
    socket.on('error', () => {});
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await once(socket, 'connect');
    await test.server.lifecycle.shutdown('test');
    await ended;
  });
});

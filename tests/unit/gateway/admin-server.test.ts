import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { type AdminServer, createAdminServer } from '../../../src/gateway/admin-server.ts';
import { Metrics } from '../../../src/metrics/metrics.ts';
import { ActiveRollouts } from '../../../src/rollout/active-rollouts.ts';
import { FakeRegistry } from '../../support/fake-registry.ts';

const SILENT = pino({ level: 'silent' });

const servers: AdminServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface State {
  ready: boolean;
  reasons: readonly string[];
}

async function start(state: State, text?: () => Promise<string>): Promise<string> {
  const metrics = new Metrics({ version: '1.0.0' });
  const server = await createAdminServer({
    dataPlane: state,
    metrics: { contentType: metrics.contentType, text: text ?? (() => metrics.text()) },
    rollouts: new ActiveRollouts({ logger: SILENT, registry: () => new FakeRegistry() }),
    host: '127.0.0.1',
    port: 0,
    logger: SILENT,
  });
  servers.push(server);
  return `http://${server.address.host}:${server.address.port}`;
}

const READY: State = { ready: true, reasons: [] };

test('metrics are served as Prometheus text', async () => {
  const response = await fetch(`${await start(READY)}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await response.text()).toContain('sluice_build_info{version="1.0.0"');
});

test('liveness holds while nothing is ready', async () => {
  const response = await fetch(`${await start({ ready: false, reasons: [] })}/livez`);
  expect(response.status).toBe(200);
});

test('readiness says why it is not there', async () => {
  const state: State = { ready: false, reasons: ["model 'empty' is UNAVAILABLE"] };
  const url = await start(state);
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual(state);
  state.ready = true;
  const later = await fetch(`${url}/readyz`);
  expect([later.status, await later.json()]).toEqual([200, { ready: true }]);
});

test('an unknown path is answered with what there is', async () => {
  const response = await fetch(`${await start(READY)}/nothing`);
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    error: 'not found, this port has /metrics, /livez, /readyz and /models/<name>/rollout',
  });
});

test('a failing scrape tells the client nothing about its cause', async () => {
  const url = await start(READY, () => Promise.reject(new Error('a path on this machine')));
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ error: 'internal error' });
});

test.each([
  [`/models/${'m'.repeat(128)}/rollout`, 404, /rollout|model/],
  [`/models/${'m'.repeat(1000)}/rollout`, 400, /malformed request path/],
])('a path of any length has an answer of this server', async (path, status, error) => {
  const response = await fetch((await start(READY)) + path);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ error: expect.stringMatching(error) });
});

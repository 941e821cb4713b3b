import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeDataPlane } from '../../support/fake-data-plane.ts';
import { FakeRegistry } from '../../support/fake-registry.ts';
import { startRest } from '../../support/rest-client.ts';

let accepting = true;
const registry = new FakeRegistry();
let rest: Awaited<ReturnType<typeof startRest>>;

beforeAll(async () => {
  rest = await startRest({ dataPlane: fakeDataPlane(registry, () => accepting) });
});

afterAll(() => rest.server.close());

const post = (path: string, body?: string) =>
  rest.call(path, {
    method: 'POST',
    ...(body === undefined ? {} : { body }),
    headers: { 'content-type': 'application/json' },
  });

describe('the routes of the protocol', () => {
  it.each<[string, object]>([
    ['/v2', { name: 'sluice', version: '0.0.0', extensions: ['binary_tensor_data'] }],
    ['/v2/', { name: 'sluice' }],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models', { models: expect.arrayContaining(['add', 'echo_fp32']) }],
    ['/v2/models/add', { name: 'add', versions: ['1', '2'], platform: 'onnxruntime_onnx' }],
    ['/v2/models/add@int8', { name: 'add', inputs: [{ name: 'A', datatype: 'FP32', shape: [-1, 4] }, {}] }],
    ['/v2/models/add/versions/1', { name: 'add' }],
    ['/v2/models/add/ready', { name: 'add', ready: true }],
    ['/v2/models/add/versions/2/ready', { name: 'add', ready: true }],
    ['/v2/models/add/config', { name: 'add', max_batch_size: 8 }],
    ['/v2/models/add/versions/1/config', { name: 'add' }],
    ['/v2/models/add/stats', { model_stats: [{ name: 'add', version: '1' }, { version: '2' }] }],
    ['/v2/models/add/versions/2/stats', { model_stats: [{ name: 'add', version: '2' }] }],
    ['/v2/models/stats', { model_stats: expect.arrayContaining([expect.objectContaining({ name: 'add' })]) }],
  ])('GET %s answers', async (path, expected) => {
    const { status, json } = await rest.call(path);
    expect(status).toBe(200);
    expect(json).toMatchObject(expected);
  });

  it.each([
    ['/v2/models/nobody', 404],
    ['/v2/models/nobody/ready', 404],
    ['/v2/models/add/versions/9', 404],
    ['/v2/models/add/versions/9/stats', 404],
    ['/v2/models/absent', 503],
    ['/v2/models/a%2Fb', 400],
    ['/v2/models/%zz', 400],
    ['/v2/models/%00', 400],
    [`/v2/models/${'m'.repeat(300)}`, 400],
    ['/v2/nothing', 404],
    ['/', 404],
    ['/models', 404],
  ])('GET %s answers %i with an error and nothing else', async (path, expected) => {
    const { status, json } = await rest.call(path);
    expect(status).toBe(expected);
    expect(json).toEqual({ error: expect.any(String) });
  });

  it.each([
    ['DELETE', '/v2', 'GET, HEAD'],
    ['POST', '/v2/health/ready', 'GET, HEAD'],
    ['GET', '/v2/models/add/infer', 'POST'],
    ['PUT', '/v2/models/add/infer', 'POST'],
    ['GET', '/v2/repository/index', 'POST'],
    ['OPTIONS', '/v2/models/add', 'GET, HEAD'],
  ])('%s %s is not allowed', async (method, path, allow) => {
    const { status, headers, json } = await rest.call(path, { method });
    expect([status, headers.get('allow')]).toEqual([405, allow]);
    expect(json).toEqual({ error: expect.stringContaining(method) });
  });

  it('HEAD answers as GET without a body', async () => {
    const { status, body } = await rest.call('/v2/health/live', { method: 'HEAD' });
    expect([status, body.byteLength]).toEqual([200, 0]);
  });

  it('readiness follows the registry and the shutdown, liveness does not', async () => {
    registry.ready = false;
    expect(await rest.call('/v2/health/ready')).toMatchObject({ status: 503, json: { ready: false } });
    registry.ready = true;
    accepting = false;
    expect(await rest.call('/v2/health/ready')).toMatchObject({ status: 503, json: { ready: false } });
    expect(await rest.call('/v2/health/live')).toMatchObject({ status: 200 });
    accepting = true;
    expect(await rest.call('/v2/models/absent/ready')).toMatchObject({
      status: 503,
      json: { name: 'absent', ready: false },
    });
  });
});

describe('the repository extension', () => {
  it('lists, unloads and loads', async () => {
    expect(await post('/v2/repository/models/echo_text/unload')).toMatchObject({ status: 200 });
    expect(await rest.call('/v2/models/echo_text/ready')).toMatchObject({ status: 503 });
    const all = (await post('/v2/repository/index')).json as unknown as { name: string }[];
    expect(all).toContainEqual({ name: 'echo_text', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' });
    const ready = (await post('/v2/repository/index', '{"ready":true}')).json as unknown as {
      name: string;
    }[];
    expect(ready.some(({ name }) => name === 'echo_text')).toBe(false);
    const config = '{"parameters":{"config":"{}","unload_dependents":true}}';
    expect(await post('/v2/repository/models/echo_text/load', config)).toMatchObject({ status: 200 });
    expect(await rest.call('/v2/models/echo_text/ready')).toMatchObject({ status: 200 });
  });

  it.each([
    ['/v2/repository/models/nobody/load', undefined, 404],
    ['/v2/repository/models/nobody/unload', undefined, 404],
    ['/v2/repository/main/index', undefined, 501],
    ['/v2/repository/main/models/add/load', undefined, 501],
    ['/v2/repository/main/models/add/unload', undefined, 501],
    ['/v2/repository/models/add/load', '{"parameters":{"file:1/model.onnx":"AA=="}}', 501],
    ['/v2/repository/models/add/load', '{"parameters":{"config":{}}}', 400],
    ['/v2/repository/models/add/load', '{"parameters":[]}', 400],
    ['/v2/repository/index', '{"ready":"yes"}', 400],
    ['/v2/repository/index', '[', 400],
    ['/v2/repository/index', '[]', 400],
  ])('POST %s with %s answers %i', async (path, body, expected) => {
    const { status, json } = await post(path, body);
    expect(status).toBe(expected);
    expect(json).toEqual({ error: expect.any(String) });
  });
});

describe('the documentation', () => {
  it('has every route, and no route to answer a wrong verb', async () => {
    const { json } = await rest.call('/openapi.json');
    const paths = json['paths'] as Record<string, Record<string, { requestBody?: object }>>;
    expect(Object.keys(paths).sort()).toEqual([
      '/v1/models',
      '/v1/models/{model}',
      '/v2',
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/models',
      '/v2/models/stats',
      '/v2/models/{model}',
      '/v2/models/{model}/config',
      '/v2/models/{model}/infer',
      '/v2/models/{model}/ready',
      '/v2/models/{model}/stats',
      '/v2/models/{model}/versions/{version}',
      '/v2/models/{model}/versions/{version}/config',
      '/v2/models/{model}/versions/{version}/infer',
      '/v2/models/{model}/versions/{version}/ready',
      '/v2/models/{model}/versions/{version}/stats',
      '/v2/repository/index',
      '/v2/repository/models/{model}/load',
      '/v2/repository/models/{model}/unload',
      '/v2/repository/{repository}/index',
      '/v2/repository/{repository}/models/{model}/load',
      '/v2/repository/{repository}/models/{model}/unload',
    ]);
    expect(Object.keys(paths['/v2/models/{model}/infer'] ?? {})).toEqual(['post']);
    expect(paths['/v2/models/{model}/infer']?.['post']?.requestBody).toBeDefined();
  });

  it('is a page that loads from this server only', async () => {
    const page = await rest.call('/docs');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const sources = Array.from(
      page.body.toString().matchAll(/(?:src|href)="([^"]+)"/g),
      ([, source]) => source,
    );
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      expect(source).toMatch(/^\/docs\/static\//);
      expect(await rest.call(source ?? '')).toMatchObject({ status: 200 });
    }
    expect(await rest.call('/docs/json')).toMatchObject({ status: 200, json: { openapi: '3.1.0' } });
    const { body } = await rest.call('/docs/static/swagger-initializer.js');
    expect(body.toString()).toMatch(/validatorUrl: null/);
  });
});

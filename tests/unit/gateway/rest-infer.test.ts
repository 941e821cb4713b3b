import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRest, VECTOR } from '../../support/rest-client.ts';

let rest: Awaited<ReturnType<typeof startRest>>;

beforeAll(async () => {
  rest = await startRest();
});

afterAll(() => rest.server.close());

const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  rest.call(path, { method: 'POST', body: typeof body === 'string' ? Buffer.from(body) : body, headers });

const SUM_REQUEST = {
  inputs: ['A', 'B'].map((name) => ({ name, shape: [1, 4], datatype: 'FP32', data: [[1, 2, 3, 4]] })),
};

describe('inference over REST', () => {
  it('answers with the model, the version, the id, the variant and the outputs', async () => {
    const { status, headers, json } = await rest.infer('add', { id: 'r1', ...SUM_REQUEST });
    expect(status).toBe(200);
    expect(json).toEqual({
      model_name: 'add',
      model_version: '2',
      id: 'r1',
      parameters: { variant: 'default' },
      outputs: [{ name: 'SUM', datatype: 'FP32', shape: [1, 4], data: [2, 4, 6, 8] }],
    });
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('x-sluice-variant')).toBe('default');
    expect(headers.get('server-timing')).toBe(
      'queue;dur=0.250, compute_input;dur=0.500, compute_infer;dur=1.000, compute_output;dur=0.125',
    );
  });

  it('says which variant answered', async () => {
    const { headers, json } = await rest.infer('add@int8', SUM_REQUEST);
    expect(headers.get('x-sluice-variant')).toBe('int8');
    expect(json).toMatchObject({ parameters: { variant: 'int8' } });
  });

  it.each([
    undefined,
    'application/json',
    'application/json; charset=utf-8',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
  ])('JSON is taken with content type %s', async (type) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    expect(await post('/v2/models/echo_vector/infer', JSON.stringify(VECTOR), headers)).toMatchObject({
      status: 200,
    });
  });

  it.each(['text/csv', 'application/json; charset=utf-16', 'image/png', 'nonsense'])(
    'content type %s is refused',
    async (type) => {
      const { status, json } = await post('/v2/models/echo_vector/infer', JSON.stringify(VECTOR), {
        'content-type': type,
      });
      expect(status).toBe(415);
      expect(json).toEqual({ error: expect.stringMatching(/content-type|media type/i) });
    },
  );

  it.each(['', '{', '[]', 'null', '5', `${'['.repeat(200)}${']'.repeat(200)}`])(
    'the body %j is refused',
    async (body) => {
      const { status, json } = await post('/v2/models/echo_vector/infer', body);
      expect(status).toBe(400);
      expect(json).toEqual({ error: expect.any(String) });
    },
  );

  it('binary and JSON outputs mix, an own wish before the common one', async () => {
    const { headers, body } = await rest.infer('add', {
      ...SUM_REQUEST,
      parameters: { binary_data_output: true },
      outputs: [{ name: 'SUM', parameters: { binary_data: false } }],
    });
    expect(headers.get('inference-header-content-length')).toBeNull();
    expect(JSON.parse(body.toString())).toMatchObject({ outputs: [{ data: [2, 4, 6, 8] }] });
    const binary = await rest.infer('add', {
      ...SUM_REQUEST,
      outputs: [{ name: 'SUM', parameters: { binary_data: true } }],
    });
    const length = Number(binary.headers.get('inference-header-content-length'));
    expect(binary.headers.get('content-type')).toBe('application/octet-stream');
    expect(new Float32Array(new Uint8Array(binary.body.subarray(length)).buffer)).toEqual(
      new Float32Array([2, 4, 6, 8]),
    );
  });

  it('a raw request gives the data of the only input and gets all outputs raw', async () => {
    const values = new Float32Array([1.5, -2, Number.NaN]);
    const { status, headers, body } = await post(
      '/v2/models/echo_vector/infer',
      new Uint8Array(values.buffer),
      { 'content-type': 'application/octet-stream', 'inference-header-content-length': '0' },
    );
    expect(status).toBe(200);
    const length = Number(headers.get('inference-header-content-length'));
    expect(new Float32Array(new Uint8Array(body.subarray(length)).buffer)).toEqual(values);
  });

  it.each([
    ['echo_text', Buffer.from('hello'), 200],
    ['add', new Uint8Array(16), 400],
    ['echo_fp32', new Uint8Array(16), 400],
    ['echo_vector', new Uint8Array(3), 400],
    ['nobody', new Uint8Array(4), 404],
  ])('a raw request to %s with %o answers %i', async (model, body, expected) => {
    const { status } = await post(`/v2/models/${model}/infer`, body, {
      'inference-header-content-length': '0',
    });
    expect(status).toBe(expected);
  });

  it.each(['-1', 'x', '1e2', '999999'])('a header length of %s is refused', async (length) => {
    const { status, json } = await post('/v2/models/echo_vector/infer', JSON.stringify(VECTOR), {
      'inference-header-content-length': length,
    });
    expect(status).toBe(400);
    expect(json).toEqual({ error: expect.stringContaining('Inference-Header-Content-Length') });
  });

  it('bodies large enough for a thread are answered the same', async () => {
    const data = Array.from({ length: 50_000 }, (_, index) => index);
    const { status, json } = await rest.infer('echo_vector', {
      inputs: [{ name: 'input', shape: [data.length], datatype: 'FP32', data }],
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ outputs: [{ data }] });
  });

  it('an overloaded model says when to come back', async () => {
    const { status, headers } = await rest.infer('full', VECTOR);
    expect([status, headers.get('retry-after')]).toEqual([429, '2']);
  });

  it.each(['0', '-5', 'soon', '1e3'])('a timeout of %s is refused', async (timeout) => {
    const { status, json } = await rest.infer('echo_vector', VECTOR, { 'x-request-timeout-ms': timeout });
    expect(status).toBe(400);
    expect(json).toEqual({ error: expect.stringContaining('x-request-timeout-ms') });
  });
});

import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  DECODE_THRESHOLD,
  ENCODE_THRESHOLD,
  JsonPool,
  PARSE_THRESHOLD,
} from '../../../src/gateway/json-pool.ts';
import { decodeRestRequest } from '../../../src/protocol/rest-request.ts';
import { encodeRestResponse } from '../../../src/protocol/rest-response.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';

const pool = new JsonPool();

afterAll(() => pool.close());

const JSON_ONLY = { byDefault: false, byOutput: new Map<string, boolean>() };

const bodyOf = (count: number, datatype = 'INT64') =>
  Buffer.from(
    JSON.stringify({
      id: 'big',
      inputs: [
        { name: 'x', shape: [count], datatype, data: Array.from({ length: count }, (_, index) => index) },
        { name: 't', shape: [2], datatype: 'BYTES', data: ['a', 'ü'] },
      ],
    }),
  );

const responseOf = (data: Float32Array, id?: string) => ({
  model: 'm',
  version: '1',
  ...(id === undefined ? {} : { id }),
  parameters: new Map([['variant', 'default']]),
  outputs: new Map([['y', makeTensor('FP32', [data.length], data)]]),
});

describe('coding JSON in threads', () => {
  it('a large request comes back as it would from here', async () => {
    const body = bodyOf(DECODE_THRESHOLD / 4);
    const expected = decodeRestRequest(Buffer.from(body));
    const decoded = pool.decode(body);
    expect(decoded).toBeInstanceOf(Promise);
    expect(await decoded).toEqual(expected);
  });

  it('a small request is decoded at once', () => {
    expect(pool.decode(bodyOf(3))).toEqual(decodeRestRequest(bodyOf(3)));
  });

  it('a large header with binary data after it keeps the data', async () => {
    const padding = 'p'.repeat(DECODE_THRESHOLD);
    const header = Buffer.from(
      JSON.stringify({
        parameters: { padding },
        inputs: [
          { name: 'x', shape: [2], datatype: 'INT16', parameters: { binary_data_size: 4 } },
          { name: 'y', shape: [2], datatype: 'UINT8', parameters: { binary_data_size: 2 } },
        ],
      }),
    );
    const body = Buffer.concat([header, Buffer.from([1, 0, 2, 0, 3, 4])]);
    const { inputs } = await pool.decode(body, header.byteLength);
    expect(inputs.get('x')?.data).toEqual(new Int16Array([1, 2]));
    expect(inputs.get('y')?.data).toEqual(new Uint8Array([3, 4]));
  });

  it('a body that shares its memory leaves the rest of it untouched', async () => {
    const memory = Buffer.concat([Buffer.from('keep'), bodyOf(DECODE_THRESHOLD / 4)]);
    await pool.decode(memory.subarray(4));
    expect(memory.subarray(0, 4).toString()).toBe('keep');
  });

  it('an error in a thread is the error it would be here', async () => {
    const body = Buffer.from(`{"inputs":[${' '.repeat(DECODE_THRESHOLD)}1]}`);
    await expect(pool.decode(body)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: "'inputs' entry 0 must be an object",
    });
  });

  it('texts for a model that takes none are refused in the thread; the model of a small request is not asked for', async () => {
    const signature = { inputs: [{ name: 't', datatype: 'FP32', dims: [2] }], outputs: [] } as const;
    const modelOf = vi.fn(() => ({ model: 'm', signature }));
    const text = { name: 't', shape: [2], datatype: 'BYTES', data: ['a', 'b'.repeat(DECODE_THRESHOLD)] };
    const large = Buffer.from(JSON.stringify({ inputs: [text] }));
    await expect(pool.decode(large, undefined, modelOf)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: "input 't' has datatype BYTES, the model expects FP32",
    });
    await pool.decode(bodyOf(3), undefined, modelOf);
    expect(modelOf).toHaveBeenCalledOnce();
  });

  it('a large task body comes back with its long integers', async () => {
    const text = 't'.repeat(PARSE_THRESHOLD);
    const value = await pool.parse(Buffer.from(`{"inputs":["${text}",9007199254740993]}`));
    expect(value).toEqual({ inputs: [text, 9007199254740993n] });
  });

  it('a long list of a task is refused in the thread, before it comes back', async () => {
    const list = '"t",'.repeat(PARSE_THRESHOLD);
    await expect(pool.parse(Buffer.from(`{"inputs":[${list}"t"]}`))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: "'inputs': must not have more than 2048 elements",
    });
  });

  it('a large answer is written as it would be here, and a view takes only itself along', async () => {
    const memory = new Float32Array(ENCODE_THRESHOLD * 2).map((_, index) => index / 3);
    const response = responseOf(memory.subarray(ENCODE_THRESHOLD), 'r');
    const { body } = await pool.encode(response, JSON_ONLY);
    expect(Buffer.from(body).toString()).toBe(encodeRestResponse(response, JSON_ONLY).body);
    expect(memory.byteLength).toBe(ENCODE_THRESHOLD * 8);
  });

  it('an answer that JSON cannot carry fails in a thread as it does here', async () => {
    const response = responseOf(new Float32Array(ENCODE_THRESHOLD).fill(Number.NaN));
    await expect(pool.encode(response, JSON_ONLY)).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  it('many large bodies at once all come back', async () => {
    const counts = Array.from({ length: 8 }, (_, index) => DECODE_THRESHOLD / 4 + index);
    const decoded = await Promise.all(counts.map((count) => pool.decode(bodyOf(count))));
    expect(decoded.map(({ inputs }) => inputs.get('x')?.shape[0])).toEqual(counts);
  });

  it('after close, what was running and what comes later is unavailable', async () => {
    const closing = new JsonPool();
    const running = Promise.resolve(closing.decode(bodyOf(DECODE_THRESHOLD))).catch((error) => error);
    await closing.close();
    expect(await running).toMatchObject({ code: 'unavailable' });
    await expect(closing.decode(bodyOf(DECODE_THRESHOLD))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

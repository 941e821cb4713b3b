import { expect, test } from 'vitest';
import { startProcess } from '../support/start-process.ts';

const LANES = 64;
const REQUESTS = 1600;

/** Variants of one model share the cores with each other and with other models: who is asked must get them. */
test('one variant of many is answered under load, and so is another model after it', async () => {
  const server = await startProcess(['--cores', '2', '--coalesce', 'false', '--state-dir', '']);
  const ask = async (model: string): Promise<number> => {
    const response = await fetch(`${server.rest}/models/${model}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: 'how do i reset my pin number' }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  const statuses: number[] = [];
  const lane = async (): Promise<void> => {
    while (statuses.length < REQUESTS) statuses.push(await ask('intent@distilled_int8'));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await ask('intent-tfidf')).toBe(200);
  expect(await server.stop()).toBe(0);
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { autocannonLoop } from '../../../bench/load/autocannon-loop.ts';
import { closedLoop } from '../../../bench/load/closed-loop.ts';
import { Recorder } from '../../../bench/load/recorder.ts';
import { MESSAGE_BYTES } from '../../../bench/targets/server-text.ts';
import { ANSWER_TIMEOUT, type Payload, type Target } from '../../../bench/targets/target.ts';

const PAYLOAD: Payload = { model: 'm', rows: 1, path: '/', headers: {}, body: Buffer.from('{}') };
const PHASES = { warmUp: 50, duration: 150, measuring: () => {}, answerTimeout: 1000 };
const LOAD = { concurrency: 3 };

const targetOf = (send: Target['send']): Target => ({
  describe: () => Promise.reject(new Error('not asked')),
  encode: () => PAYLOAD,
  send,
  outputsOf: () => [],
  close: () => {},
});

test('what the own loop gets no answer to has failed, once for each lane that is stuck', async () => {
  let asked = 0;
  const recorder = new Recorder();
  const target = targetOf((_, done) => {
    if (++asked > 1) setTimeout(done, 1, { body: Buffer.alloc(0) });
  });
  await closedLoop(target, [PAYLOAD], LOAD, recorder, PHASES);
  expect(recorder.result()).toMatchObject({
    failures: { timeout: 1 },
    failureMessages: { timeout: 'no answer' },
  });
  expect(recorder.result().answered).toBeGreaterThan(0);
});

test('what fails after the window has failed; what is answered then does not count', async () => {
  const recorder = new Recorder();
  let asked = 0;
  const target = targetOf((_, done) => {
    const failure = ++asked === 1 ? { failure: 'timeout' } : {};
    const timer = setInterval(() => {
      if (!recorder.begun || recorder.open) return;
      clearInterval(timer);
      done({ ...failure, body: Buffer.alloc(0) });
    }, 5);
  });
  await closedLoop(target, [PAYLOAD], LOAD, recorder, { ...PHASES, answerTimeout: ANSWER_TIMEOUT });
  expect(recorder.result()).toMatchObject({ answered: 0, failures: { timeout: 1 } });
});

test('what autocannon gets no answer to has failed, once for each lane that is stuck', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    if (++asked > 1) setTimeout(() => response.end('{}'), 1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const recorder = new Recorder();
  const end = await autocannonLoop(address, [PAYLOAD], LOAD.concurrency, recorder, PHASES);
  server.closeAllConnections();
  server.close();
  expect(end).toBeUndefined();
  expect(recorder.result()).toMatchObject({
    failures: { timeout: 1 },
    failureMessages: { timeout: 'no answer' },
  });
  expect(recorder.result().answered).toBeGreaterThan(0);
});

test('what autocannon is refused after the window has failed, what is answered then does not count', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    response.statusCode = ++asked === 1 ? 200 : 503;
    // In two parts, and longer than what is kept of it.
    response.write('{} and ');
    setTimeout(() => response.end('x'.repeat(1000)), PHASES.warmUp + PHASES.duration + 200);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const recorder = new Recorder();
  const end = await autocannonLoop(address, [PAYLOAD], LOAD.concurrency, recorder, {
    ...PHASES,
    answerTimeout: ANSWER_TIMEOUT,
  });
  server.closeAllConnections();
  server.close();
  expect(end).toBeUndefined();
  expect(recorder.result()).toMatchObject({
    ...{ answered: 0, failures: { 'HTTP 503': LOAD.concurrency - 1 } },
    failureMessages: { 'HTTP 503': `{} and ${'x'.repeat(MESSAGE_BYTES - 7)}` },
  });
});

test('an answer that comes past the limit is none', () => {
  const recorder = new Recorder();
  recorder.completed('m', 1, ANSWER_TIMEOUT + 1);
  expect(recorder.result()).toMatchObject({ answered: 0, failures: { timeout: 1 } });
});

import { expect, test } from 'vitest';
import { openLoop } from '../../../bench/load/open-loop.ts';
import { Recorder } from '../../../bench/load/recorder.ts';
import type { Answer, Payload, Target } from '../../../bench/targets/target.ts';

const PAYLOAD: Payload = { model: 'm', rows: 3, path: '', headers: {}, body: Buffer.alloc(0) };
const ANSWER: Answer = { body: Buffer.alloc(0) };
const LOAD = { arrivals: { kind: 'constant', rate: 200 }, seed: 1 } as const;

/** Sends to a target that does as it is told. */
async function windowOf(send: Target['send'], recorder: Recorder, measuring = () => {}) {
  const target: Target = {
    describe: () => Promise.reject(new Error('not asked')),
    encode: () => PAYLOAD,
    send,
    outputsOf: () => [],
    close: () => {},
  };
  await openLoop(target, [PAYLOAD], LOAD, recorder, { warmUp: 50, duration: 200, measuring });
  return recorder.result();
}

test('answers after the window are no throughput, and have their latency', async () => {
  const recorder = new Recorder();
  const held: (() => void)[] = [];
  const release = (): void => {
    for (const answer of held.splice(0)) answer();
  };
  let begun = false;
  const timer = setInterval(() => {
    if (begun && !recorder.open) release();
  }, 10);
  const result = await windowOf(
    (_, done) => held.push(() => done(ANSWER)),
    recorder,
    () => {
      begun = true;
    },
  );
  clearInterval(timer);
  expect(result).toMatchObject({ answered: 0, rows: 0, failures: {} });
  expect(result.latency.count).toBe(result.lateness?.count);
  expect(result.latency.count).toBeGreaterThan(0);
});

test('answers in the window are throughput, whenever their requests went', async () => {
  const recorder = new Recorder();
  const held: (() => void)[] = [];
  let early = 0;
  const result = await windowOf(
    (_, done) => {
      if (recorder.open) done({ failure: 'HTTP 429', body: Buffer.alloc(0) });
      else held.push(() => done(ANSWER));
    },
    recorder,
    () => {
      early = held.length;
      for (const answer of held.splice(0)) answer();
    },
  );
  for (const answer of held) answer();
  expect(early).toBeGreaterThan(0);
  expect(result).toMatchObject({ answered: early, rows: early * PAYLOAD.rows });
});

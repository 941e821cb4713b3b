import { expect, test } from 'vitest';
import type { SpareRunner } from '../../../src/inference/runner.ts';
import { NO_TIME } from '../../../src/inference/timings.ts';
import { ShadowRuns } from '../../../src/rollout/shadow-runs.ts';
import { makeTensor, type TensorMap } from '../../../src/tensor/tensor.ts';

const inputs = (bytes = 4): TensorMap =>
  new Map([['x', makeTensor('UINT8', [bytes], new Uint8Array(bytes))]]);
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Spare capacity as a test sets it; runs end when it says so. */
function puppetSpare() {
  const ends: ((error?: Error) => void)[] = [];
  const spare = {
    free: true,
    started: 0,
    runner: {
      run: (given) => {
        if (!spare.free) return undefined;
        spare.started++;
        return new Promise((resolve, reject) => {
          ends.push((error) =>
            error === undefined ? resolve({ outputs: given, timings: NO_TIME, batchSize: 1 }) : reject(error),
          );
        });
      },
    } satisfies SpareRunner as SpareRunner,
    end: async (error?: Error) => {
      ends.shift()?.(error);
      await settled();
    },
  };
  return spare;
}

function bench() {
  const spare = puppetSpare();
  const work: (() => void)[] = [];
  const runs = new ShadowRuns({ later: (each) => work.push(each) });
  const told: string[] = [];
  return {
    spare,
    told,
    runs,
    offer: (given = inputs(), runner: SpareRunner | undefined = spare.runner) =>
      runs.offer({
        runner,
        inputs: given,
        outputs: undefined,
        compared: () => told.push('compared'),
        failed: () => told.push('failed'),
        dropped: () => told.push('dropped'),
      }),
    /** What was put off is done. */
    turn: async () => {
      for (const each of work.splice(0)) each();
      await settled();
    },
  };
}

test('nothing starts before the live answer is out', async () => {
  const { spare, offer, turn } = bench();
  offer();
  expect(spare.started).toBe(0);
  await turn();
  expect(spare.started).toBe(1);
});

test('one runs at a time, the next when it has ended', async () => {
  const { spare, told, offer, turn } = bench();
  offer();
  offer();
  await turn();
  expect(spare.started).toBe(1);
  await spare.end();
  await turn();
  expect([spare.started, told]).toEqual([2, ['compared']]);
});

test('without spare capacity a run is dropped, and never kept for later', async () => {
  const { spare, told, offer, turn } = bench();
  spare.free = false;
  offer();
  offer();
  await turn();
  spare.free = true;
  await turn();
  await turn();
  expect([spare.started, told]).toEqual([0, ['dropped', 'dropped']]);
});

test('what waits is dropped when capacity has gone in the meantime', async () => {
  const { spare, told, offer, turn } = bench();
  offer();
  offer();
  await turn();
  spare.free = false;
  await spare.end();
  await turn();
  expect(told).toEqual(['compared', 'dropped']);
});

test('more than a few do not wait, nor more than so many bytes', async () => {
  const { told, offer, turn } = bench();
  for (let index = 0; index < 12; index++) offer();
  expect(told).toEqual(['dropped', 'dropped', 'dropped', 'dropped']);
  await turn();
  offer(inputs(40 * 2 ** 20));
  expect(told).toHaveLength(5);
});

test('a failure, also one that is thrown, is counted and stops nothing', async () => {
  const { spare, told, offer, turn } = bench();
  offer(inputs(), {
    run: () => {
      throw new Error('thrown');
    },
  });
  await turn();
  offer();
  await turn();
  await spare.end(new Error('rejected'));
  offer(inputs(), undefined);
  await turn();
  await turn();
  expect(told).toEqual(['failed', 'failed']);
});

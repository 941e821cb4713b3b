import { expect, test } from 'vitest';
import {
  defaultInstances,
  defaultIntraOpThreads,
  fitsOneMore,
  loneRunThreads,
} from '../../../src/workers/defaults.ts';

const MiB = 2 ** 20;

test.each([
  [1, 10 * MiB, 1, 1],
  [2, 90 * MiB, 2, 1],
  [8, 25 * MiB, 8, 1],
  [8, 600 * MiB, 3, 2],
  [8, 5000 * MiB, 1, 8],
  [64, 1 * MiB, 16, 4],
])('%i cores and a file of %i bytes make %i instances of %i threads', (cores, bytes, instances, threads) => {
  expect(defaultInstances(cores, bytes)).toBe(instances);
  expect(defaultIntraOpThreads(cores, instances)).toBe(threads);
});

test.each([
  [8, 90 * MiB, true],
  [3, 600 * MiB, false],
  [1, 5000 * MiB, false],
])('one session more than %i of a file of %i bytes fits: %s', (instances, bytes, fits) => {
  expect(fitsOneMore(instances, bytes)).toBe(fits);
});

test.each([
  [1, 1, 1],
  [2, 1, 2],
  [16, 1, 4],
  [16, 8, 8],
])('on %i cores a run of %i threads has %i while it is the only one', (cores, threads, alone) => {
  expect(loneRunThreads(cores, threads)).toBe(alone);
});

import { expect, test } from 'vitest';
import { LoopShare } from '../../../src/metrics/loop-share.ts';

test('the share of the event loop is that since it was last asked, of a second at least', () => {
  let times = { active: 5000, idle: 0 };
  const loop = new LoopShare(() => times);
  times = { active: 5300, idle: 200 };
  expect(loop.read()).toBe(0);
  times = { active: 6500, idle: 500 };
  expect(loop.read()).toBe(0.75);
  times = { active: 7000, idle: 500 };
  expect(loop.read()).toBe(0.75);
  times = { active: 7400, idle: 4100 };
  expect(loop.read()).toBe(0.2);
});

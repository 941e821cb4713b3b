import { describe, expect, it } from 'vitest';
import { Holds } from '../../../src/repository/holds.ts';

/** Whether a promise has settled by the time that everything which is due has happened. */
async function settled(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise(setImmediate);
  return done;
}

describe('holds', () => {
  it('are released where there are none', async () => {
    const holds = new Holds();
    expect(await settled(holds.released())).toBe(true);
    holds.take()();
    expect(await settled(holds.released())).toBe(true);
  });

  it('are waited for, each once however often it is let go', async () => {
    const holds = new Holds();
    const [first, second] = [holds.take(), holds.take()];
    const released = holds.released();
    first();
    first();
    expect(await settled(released)).toBe(false);
    second();
    expect(await settled(released)).toBe(true);
  });

  it('that are taken later are not waited for', async () => {
    const holds = new Holds();
    const before = holds.take();
    const released = holds.released();
    const after = holds.take();
    before();
    expect(await settled(released)).toBe(true);
    expect(await settled(holds.released())).toBe(false);
    after();
  });

  it('of before are waited for by everyone who asks', async () => {
    const holds = new Holds();
    const oldest = holds.take();
    const first = holds.released();
    const newer = holds.take();
    const second = holds.released();
    newer();
    expect([await settled(first), await settled(second)]).toEqual([false, false]);
    oldest();
    expect([await settled(first), await settled(second)]).toEqual([true, true]);
  });
});

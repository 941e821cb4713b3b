import { describe, expect, it } from 'vitest';
import { rowsOf, valuesOf } from './batcher-fixture.ts';
import { LANES, setUpScheduled } from './scheduled-fixture.ts';

describe('a wave of requests in one turn of the event loop', () => {
  function inOneTurn() {
    const { run, runners, clock } = setUpScheduled({
      batching: { maxBatchSize: 4 },
      lanes: LANES.slice(0, 1),
    });
    const ends: (() => void)[] = [];
    clock.turnEnd = (callback) => void ends.push(callback);
    const [runner] = runners;
    const batches = (): number[] => runner?.active.map(({ inputs }) => valuesOf(inputs, 'x').length) ?? [];
    return { send: () => run(rowsOf([1]), {}), ends, batches };
  }

  it('runs together when the turn ends', () => {
    const { send, ends, batches } = inOneTurn();
    for (let sent = 0; sent < 3; sent++) send();
    expect(batches()).toEqual([]);
    for (const end of ends.splice(0)) end();
    expect(batches()).toEqual([3]);
  });

  it('does not wait for the end once it fills a batch that can start', () => {
    const { send, ends, batches } = inOneTurn();
    for (let sent = 0; sent < 4; sent++) send();
    expect(batches()).toEqual([4]);
    for (let sent = 0; sent < 4; sent++) send();
    expect(batches()).toEqual([4]);
    for (const end of ends.splice(0)) end();
    expect(batches()).toEqual([4]);
  });
});

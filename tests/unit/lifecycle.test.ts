import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Lifecycle, type Stage } from '../../src/lifecycle.ts';

function lifecycle(stages: readonly Stage[]) {
  const exits: number[] = [];
  const drains: string[] = [];
  const signals = new EventEmitter();
  const life = new Lifecycle({
    logger: pino({ level: 'silent' }),
    drainDelay: 0,
    grace: 60_000,
    onDrain: () => drains.push('drain'),
    stages: () => stages,
    exit: (code) => exits.push(code),
  });
  life.listen(signals);
  return { life, exits, drains, signals };
}

describe('Lifecycle', () => {
  it('accepts only between the start and the first signal', async () => {
    const { life, drains, signals } = lifecycle([]);
    expect(life.accepting).toBe(false);
    life.started();
    expect(life.accepting).toBe(true);
    signals.emit('SIGTERM');
    expect(life.accepting).toBe(false);
    expect(drains).toEqual(['drain']);
    await life.shutdown('test');
    expect(life.state).toBe('stopped');
  });

  it('runs the stages in order, goes on after one that fails, and exits 0', async () => {
    const order: string[] = [];
    const { life, exits, signals } = lifecycle([
      { name: 'gateways', run: () => void order.push('gateways') },
      { name: 'broken', run: () => Promise.reject(new Error('no')) },
      { name: 'pools', run: async () => void order.push('pools') },
    ]);
    life.started();
    signals.emit('SIGTERM');
    await life.shutdown('test');
    await Promise.resolve();
    expect(order).toEqual(['gateways', 'pools']);
    expect(exits).toEqual([0]);
  });

  it('exits at once with 1 on the second signal', () => {
    const { life, exits, signals } = lifecycle([{ name: 'stuck', run: () => new Promise(() => {}) }]);
    life.started();
    signals.emit('SIGTERM');
    signals.emit('SIGINT');
    expect(exits).toEqual([1]);
  });

  it('handles a signal that comes while the first model is still loading', async () => {
    const { life, exits, signals } = lifecycle([]);
    signals.emit('SIGTERM');
    await life.shutdown('test');
    await Promise.resolve();
    life.started();
    expect(life.accepting).toBe(false);
    expect(exits).toEqual([0]);
  });
});

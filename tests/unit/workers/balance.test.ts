import { queueOptionsSymbol } from 'piscina';
import { expect, test } from 'vitest';
import { leastBusy, type Ticket } from '../../../src/workers/balance.ts';

type Balancer = ReturnType<typeof leastBusy>;
type Workers = Parameters<Balancer>[1];

/** A task to give, or the id of a worker that ends one. */
type Step = Ticket | number;

/** Workers by id, each with so many tasks; the ids that got the tasks, in order. */
function give(usage: Record<number, number>, steps: readonly Step[]): (number | undefined)[] {
  const workers = Object.entries(usage).map(([id, currentUsage]) => ({ id: Number(id), currentUsage }));
  const balance = leastBusy();
  const add = (id: number | undefined, tasks: number): void => {
    for (const worker of workers) if (worker.id === id) worker.currentUsage += tasks;
  };
  return steps.flatMap((step) => {
    if (typeof step === 'number') {
      add(step, -1);
      return [];
    }
    const task = { [queueOptionsSymbol]: step } as unknown as Parameters<Balancer>[0];
    const given = balance(task, workers as unknown as Workers)?.id;
    add(given, 1);
    return [given];
  });
}

test('the least busy worker is given a task', () => {
  expect(give({ 1: 1, 2: 0, 3: 2 }, [{}, {}, {}, {}])).toEqual([2, 1, 2, undefined]);
});

test('of several busy workers the one that was given its last task first', () => {
  expect(give({ 1: 0, 2: 0 }, [{ only: 2 }, {}, {}, {}])).toEqual([2, 1, 2, 1]);
});

test('of several idle workers the one that was given its last task last', () => {
  expect(give({ 1: 0, 2: 0, 3: 0 }, [{ only: 2 }, 2, {}, 2, { only: 3 }, {}, 3, 2, {}])).toEqual([
    2, 2, 3, 2, 2,
  ]);
});

import { queueOptionsSymbol } from 'piscina';
import { expect, test } from 'vitest';
import { leastBusy, type Ticket } from '../../../src/workers/balance.ts';

type Balancer = ReturnType<typeof leastBusy>;
type Workers = Parameters<Balancer>[1];

/** Workers by id, each with so many tasks; the ids that got the tasks, in order. */
function give(usage: Record<number, number>, tasks: readonly Ticket[]): (number | undefined)[] {
  const workers = Object.entries(usage).map(([id, currentUsage]) => ({ id: Number(id), currentUsage }));
  const balance = leastBusy();
  return tasks.map((ticket) => {
    const task = { [queueOptionsSymbol]: ticket } as unknown as Parameters<Balancer>[0];
    const given = balance(task, workers as unknown as Workers)?.id;
    for (const worker of workers) if (worker.id === given) worker.currentUsage += 1;
    return given;
  });
}

test('the least busy worker is given a task, of several the one that was given its last one first', () => {
  expect(give({ 1: 1, 2: 0, 3: 0 }, [{}, {}, {}, {}, {}, {}])).toEqual([2, 3, 1, 2, 3, undefined]);
  expect(give({ 1: 0, 2: 0 }, [{ only: 2 }, {}, {}, {}])).toEqual([2, 1, 2, 1]);
});

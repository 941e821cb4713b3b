import { type Piscina, queueOptionsSymbol } from 'piscina';

type Balancer = NonNullable<NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer']>;

type Choice = Parameters<Balancer>[1][number];

/** Travels with a task as far as the balancer. */
export interface Ticket {
  /** The thread id of the only worker the task is for. */
  readonly only?: number;
  /** The thread id of the worker that got it. */
  worker?: number;
}

/** One that runs and one that is handed ahead. */
export const TASKS_PER_WORKER = 2;

/**
 * The worker with the fewest tasks, or the one that the task is for. Of several that are busy the one that got its last
 * task first, and so ends it first; of several that are idle the one that got it last: its session is still in the
 * processor's caches.
 * @param unfit thread ids of workers that get a task only where there are no others
 */
export function leastBusy(unfit: ReadonlySet<number> = new Set()): Balancer {
  const given = new Map<number, number>();
  const turnOf = (worker: number): number => given.get(worker) ?? 0;
  let count = 0;
  const isBetter = ({ id, currentUsage }: Choice, other: Choice): boolean =>
    currentUsage === 0 ? turnOf(id) > turnOf(other.id) : turnOf(id) < turnOf(other.id);
  return (task, workers) => {
    const ticket = task[queueOptionsSymbol as keyof typeof task] as Ticket | null;
    let chosen: Choice | null = null;
    const fit = unfit.size === 0 ? workers : workers.filter(({ id }) => !unfit.has(id));
    for (const worker of fit.length > 0 && ticket?.only === undefined ? fit : workers) {
      if (worker.terminating || worker.destroyed || worker.currentUsage >= TASKS_PER_WORKER) continue;
      if (ticket?.only !== undefined && worker.id !== ticket.only) continue;
      const fewer = chosen === null || worker.currentUsage < chosen.currentUsage;
      const better = worker.currentUsage === chosen?.currentUsage && isBetter(worker, chosen);
      if (fewer || better) chosen = worker;
    }
    if (chosen === null) return null;
    given.set(chosen.id, ++count);
    if (ticket !== null) ticket.worker = chosen.id;
    return chosen;
  };
}

/** Runs a task once on every worker. */
export function onEach<Result>(threads: Piscina, name: string, task: object): Promise<Result[]> {
  return Promise.all(
    threads.threads.map(({ threadId }): Promise<Result> => {
      const ticket: Ticket = { only: threadId };
      return threads.run({ ...task, [queueOptionsSymbol]: ticket }, { name });
    }),
  );
}

import { MAX_RUNS_IN_FLIGHT } from './limits.ts';

/**
 * Does `work` for every item, at most `most` at a time. After the first failure nothing new is started,
 * and it rejects with that failure once what was under way has ended.
 */
export async function inLanes<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
  most = MAX_RUNS_IN_FLIGHT,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (next < items.length && !failed) {
      const item = items[next++];
      if (item === undefined) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(most, items.length) }, lane);
  const results = await Promise.allSettled(lanes);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

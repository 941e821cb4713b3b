import type { Registry } from 'prom-client';
import type { CacheState } from '../inference/observer.ts';
import { METRICS } from './definitions.ts';
import { addCounter, addGauge } from './families.ts';

/** Adds how the response cache stands, read from `state` at scrape time. */
export function addCacheMetrics(registry: Registry, state: () => CacheState): void {
  const one = (pick: (state: CacheState) => number) => () => [{ labels: {}, value: pick(state()) }];
  addCounter(
    registry,
    METRICS.cacheEvictions,
    one(({ evictions }) => evictions),
  );
  addGauge(
    registry,
    METRICS.cacheEntries,
    one(({ entries }) => entries),
  );
  addGauge(
    registry,
    METRICS.cacheBytes,
    one(({ bytes }) => bytes),
  );
  addGauge(
    registry,
    METRICS.cacheLimit,
    one(({ maxBytes }) => maxBytes),
  );
}

/** What is tuned, in the keys and units of model.json. */
export interface Configuration {
  readonly instances: number;
  readonly intraOpThreads: number;
  /** 0: no batching. */
  readonly maxBatchSize: number;
  readonly maxQueueDelayMicroseconds: number;
}

export const KEYS = ['instances', 'intraOpThreads', 'maxBatchSize', 'maxQueueDelayMicroseconds'] as const;

/** What model.json has to say for a configuration. */
export type Settings = Partial<Configuration>;

/**
 * The keys in which a configuration differs from the defaults: what is left out follows the machine. The threads of an
 * instance are found from the instances, so they are named wherever the instances are.
 */
export function settingsFor(configuration: Configuration, defaults: Configuration): Settings {
  const other = KEYS.filter((key) => configuration[key] !== defaults[key]);
  const named = new Set(other.includes('instances') ? [...other, 'intraOpThreads' as const] : other);
  return Object.fromEntries(
    KEYS.filter((key) => named.has(key)).map((key) => [key, configuration[key]]),
  ) as Settings;
}

/** One text per configuration: equal texts, equal configurations. */
export const idOf = (configuration: Configuration): string => KEYS.map((key) => configuration[key]).join('/');

/** As people read it: "2 x 1 threads, batch 32, delay 0 us". */
export function nameOf(configuration: Configuration): string {
  const { instances, intraOpThreads, maxBatchSize, maxQueueDelayMicroseconds } = configuration;
  const batch = maxBatchSize === 0 ? 'no batches' : `batch ${maxBatchSize}`;
  const delay = maxQueueDelayMicroseconds === 0 ? '' : `, delay ${maxQueueDelayMicroseconds} us`;
  return `${instances} x ${intraOpThreads} thread${intraOpThreads === 1 ? '' : 's'}, ${batch}${delay}`;
}

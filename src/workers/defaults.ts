import { availableParallelism, cpus } from 'node:os';

/** What the instances of one variant may hold together, bytes. */
const MEMORY_PER_VARIANT = 2 * 2 ** 30;

/** A thread's own heap and stacks, and the session's work memory; bytes. */
const MEMORY_PER_INSTANCE = 32 * 2 ** 20;

const MOST_INSTANCES = 16;

/** Cores this process may use; knows CPU affinity and the quota of a container. */
export const availableCores = (): number => availableParallelism();

/** As the system names it. */
export const cpuModel = (): string => cpus()[0]?.model ?? 'unknown';

/**
 * One instance per core, because several sessions with one thread each beat one session with several at every batch
 * size; fewer where the file is so large that its copies would not fit.
 */
export function defaultInstances(cores: number, fileBytes: number): number {
  const fitting = Math.floor(MEMORY_PER_VARIANT / (fileBytes + MEMORY_PER_INSTANCE));
  return Math.max(1, Math.min(cores, fitting, MOST_INSTANCES));
}

/** The cores that are left, spread over the instances: instances times threads never exceed the cores. */
export const defaultIntraOpThreads = (cores: number, instances: number): number =>
  Math.max(1, Math.floor(cores / instances));

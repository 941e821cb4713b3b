import { availableParallelism, cpus } from 'node:os';

/** What the instances of one variant may hold together, bytes. */
const MEMORY_PER_VARIANT = 2 * 2 ** 30;

/** A thread's own heap and stacks, and the session's work memory; bytes. */
const MEMORY_PER_INSTANCE = 32 * 2 ** 20;

const MOST_INSTANCES = 16;

/** Of a run that has the machine to itself: more of them wait for each other more than they compute. */
const MOST_LONE_RUN_THREADS = 4;

/** Cores this process may use; knows CPU affinity and the quota of a container. */
export const availableCores = (): number => availableParallelism();

/** As the system names it. */
export const cpuModel = (): string => cpus()[0]?.model ?? 'unknown';

/**
 * One instance per core, because several sessions with one thread each beat one session with several at every batch
 * size; fewer where the file is so large that its copies would not fit.
 */
export const defaultInstances = (cores: number, fileBytes: number): number =>
  Math.max(1, Math.min(cores, fitting(fileBytes), MOST_INSTANCES));

/** So many of them are opened at once, the others when all that are open run: each thread has a heap of its own. */
export const instancesAtFirst = (instances: number): number => Math.min(instances, 2);

/** Whether one more session fits beside so many instances. */
export const fitsOneMore = (instances: number, fileBytes: number): boolean => instances < fitting(fileBytes);

/** Copies of a file that fit. */
const fitting = (fileBytes: number): number =>
  Math.floor(MEMORY_PER_VARIANT / (fileBytes + MEMORY_PER_INSTANCE));

/** The cores that are left, spread over the instances: instances times threads never exceed the cores. */
export const defaultIntraOpThreads = (cores: number, instances: number): number =>
  Math.max(1, Math.floor(cores / instances));

/** Threads of a run that has the machine to itself, the calling one included. */
export const loneRunThreads = (cores: number, intraOpThreads: number): number =>
  Math.max(intraOpThreads, Math.min(cores, MOST_LONE_RUN_THREADS));

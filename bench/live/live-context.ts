import { cp, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrivals } from '../load/arrivals.ts';
import { BenchRepository, SHIPPED } from '../server/repository.ts';
import { Served } from '../server/served.ts';
import { LATE_SHARE } from '../suite/figures.ts';
import { type Figures, figuresOf } from './figures.ts';
import { LiveGenerator, type Measured } from './live-generator.ts';
import type { Stream } from './stream.ts';

/** The shipped family, and its most accurate and its fastest variant. */
export const FAMILY = 'intent';
export const SLOWEST = 'default';
export const FASTEST = 'distilled_int8';

/**
 * The same files, for requests that name their variant: they are no part of the demand that the family's scheduler
 * sees.
 */
export const PINNED = 'pinned';

/** The same files, batched by a window of size and delay. */
export const WINDOWED = 'windowed';

/** The same files, one request at a time. */
export const ALONE = 'alone';

/** How long a window waits for more, milliseconds, and the rows of a full batch. */
export const WINDOW_DELAY = 5;
const WINDOW_ROWS = 16;

/** A window of which too much was sent late says nothing, and is measured again, so often at most. */
const MOST_AGAIN = 2;

/** Milliseconds between two windows: what the last one left behind is done by then. */
const PAUSE = 200;

/** One open-loop window to be measured. */
export interface Ask {
  readonly stream: Stream;
  readonly arrivals: Arrivals;
  readonly seed: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly warmUp?: number;
}

export interface Answered extends Measured {
  readonly figures: Figures;
}

export const WARM_UP = 600;

/** The closed loop that tells where a search begins. */
const PROBE_CONCURRENCY = 24;
const PROBE_WINDOW = 1500;

/** The server as users run it over the shipped family, the generator, and what the answers are worth. */
export interface LiveContext {
  readonly server: Served;
  readonly generator: LiveGenerator;
  /** Of the machine. */
  readonly cores: number;
  /** By variant, measured when the family was made. */
  readonly accuracies: ReadonlyMap<string, number>;
  readonly told: (line: string) => void;
  measure(ask: Ask): Promise<Answered>;
  /** How many windows were measured, and how many of these again. */
  readonly windows: { readonly measured: number; readonly again: number };
  /** Requests per second in a closed loop: about where an open one has its peak. */
  closedRate(stream: Stream): Promise<number>;
}

export interface LiveOptions {
  /** Cores that the server plans its sessions for. */
  readonly cores: number;
  readonly told: (line: string) => void;
  /** Where the server leaves a CPU profile when it ends; none where left out. */
  readonly profile?: string;
}

export async function openLiveContext({
  told,
  cores,
  profile,
}: LiveOptions): Promise<LiveContext & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const repository = stack.use(await BenchRepository.create());
  const copy = async (model: string, config?: object): Promise<void> => {
    await cp(join(SHIPPED, FAMILY), join(repository.path, model), { recursive: true });
    if (config !== undefined)
      await writeFile(join(repository.path, model, 'model.json'), JSON.stringify(config));
  };
  await copy(FAMILY);
  await copy(PINNED, { variants: [SLOWEST, FASTEST] });
  await copy(WINDOWED, {
    variants: [SLOWEST, FASTEST],
    maxBatchSize: WINDOW_ROWS,
    maxQueueDelayMicroseconds: WINDOW_DELAY * 1000,
  });
  await copy(ALONE, { variants: [SLOWEST], maxBatchSize: 0 });
  const nodeFlags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const server = stack.use(await Served.start(repository.path, ['--cores', String(cores)], nodeFlags));
  const generator = stack.use(await LiveGenerator.open(server.rest, server.pid));
  const accuracies = await accuraciesOf(join(repository.path, FAMILY, '1', 'variants.json'));
  const measureOnce = async ({
    stream,
    arrivals,
    seed,
    duration,
    warmUp = WARM_UP,
  }: Ask): Promise<Answered> => {
    const load = { kind: 'open', arrivals, seed } as const;
    const measured = await generator.run({ stream, load, warmUp, duration });
    await sleep(PAUSE);
    return { ...measured, figures: figuresOf(measured.samples, stream.deadline ?? Infinity, accuracies) };
  };
  const windows = { measured: 0, again: 0 };
  /** The least late of those that were needed. */
  const measure = async (ask: Ask): Promise<Answered> => {
    windows.measured++;
    let answered = await measureOnce(ask);
    if (answered.figures.sentLate > LATE_SHARE) windows.again++;
    for (let again = 0; again < MOST_AGAIN && answered.figures.sentLate > LATE_SHARE; again++) {
      const next = await measureOnce(ask);
      if (next.figures.sentLate < answered.figures.sentLate) answered = next;
    }
    return answered;
  };
  const closedRate = async ({ deadline: _, ...stream }: Stream): Promise<number> => {
    const load = { kind: 'closed', concurrency: PROBE_CONCURRENCY } as const;
    const { samples } = await generator.run({ stream, load, warmUp: WARM_UP, duration: PROBE_WINDOW });
    await sleep(PAUSE);
    return figuresOf(samples, Infinity, accuracies).answered;
  };
  return {
    server,
    generator,
    closedRate,
    cores: availableParallelism(),
    accuracies,
    told,
    measure,
    windows,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function accuraciesOf(file: string): Promise<ReadonlyMap<string, number>> {
  const { variants } = JSON.parse(await readFile(file, 'utf8')) as {
    readonly variants: Readonly<Record<string, { readonly accuracy: number }>>;
  };
  return new Map(Object.entries(variants).map(([name, { accuracy }]) => [name, accuracy]));
}

import { uniform } from '../statistics/random.ts';
import { type Configuration, idOf } from './configuration.ts';

export interface SpaceOptions {
  readonly defaults: Configuration;
  readonly cores: number;
  /** Whether rows of several requests may share a batch at all. */
  readonly batched: boolean;
  /** Rows that can be out at once: no batch grows larger. */
  readonly rowsOut: number;
  /** Milliseconds; no batch waits longer than half of it. */
  readonly bound: number;
}

/** The values that are tried; instances and their threads share the cores, so they go together. */
export interface Space {
  readonly defaults: Configuration;
  readonly layouts: readonly Pick<Configuration, 'instances' | 'intraOpThreads'>[];
  readonly batchSizes: readonly number[];
  readonly delays: readonly number[];
}

const BATCH_SIZES = [0, 4, 8, 16, 32, 64, 128, 256];
const DELAYS = [0, 200, 1000, 5000];
const MOST_INSTANCES = 16;

/** What is worth trying on this machine for this load. */
export function spaceFor({ defaults, cores, batched, rowsOut, bound }: SpaceOptions): Space {
  const layouts = layoutsFor(cores);
  if (!batched) return { defaults, layouts, batchSizes: [defaults.maxBatchSize], delays: [0] };
  const most = Math.max(4, 2 ** Math.ceil(Math.log2(rowsOut)));
  return {
    defaults,
    layouts,
    batchSizes: BATCH_SIZES.filter((size) => size <= most),
    delays: DELAYS.filter((delay) => delay <= (bound * 1000) / 2),
  };
}

/** Instances times threads never exceed the cores; all of them, half of them and so on, and all but one. */
function layoutsFor(cores: number): Space['layouts'] {
  const halves = (most: number): number[] => [
    ...new Set([...powersOfTwo(most), most, Math.max(1, most - 1)].filter((each) => each <= most)),
  ];
  return halves(Math.min(cores, MOST_INSTANCES)).flatMap((instances) =>
    powersOfTwo(Math.floor(cores / instances)).map((intraOpThreads) => ({ instances, intraOpThreads })),
  );
}

function powersOfTwo(most: number): number[] {
  const powers: number[] = [];
  for (let power = 1; power <= most; power *= 2) powers.push(power);
  return powers;
}

/**
 * Configurations in the order in which they are worth a look: the defaults, those that differ from them in one thing,
 * then combinations at random. The same seed gives the same order.
 */
export function entrants(space: Space, seed: number): Configuration[] {
  const random = uniform(seed);
  const singles = shuffled(changesOf(space), random);
  const rest = shuffled(everyOf(space), random);
  return distinct([space.defaults, ...singles, ...rest]);
}

/** Every configuration that differs from the defaults in one thing. */
function changesOf({ defaults, layouts, batchSizes, delays }: Space): Configuration[] {
  return [
    ...layouts.map((layout) => ({ ...defaults, ...layout })),
    ...batchSizes.map((maxBatchSize) => ({ ...defaults, maxBatchSize })),
    ...delays.map((maxQueueDelayMicroseconds) => ({ ...defaults, maxQueueDelayMicroseconds })),
  ].filter(isSensible);
}

export const everyOf = ({ layouts, batchSizes, delays }: Space): Configuration[] =>
  layouts
    .flatMap((layout) =>
      batchSizes.flatMap((maxBatchSize) =>
        delays.map((delay) => ({ ...layout, maxBatchSize, maxQueueDelayMicroseconds: delay })),
      ),
    )
    .filter(isSensible);

/** Where nothing is batched there is nothing to wait for. */
const isSensible = ({ maxBatchSize, maxQueueDelayMicroseconds }: Configuration): boolean =>
  maxBatchSize > 0 || maxQueueDelayMicroseconds === 0;

function distinct(configurations: readonly Configuration[]): Configuration[] {
  return [...new Map(configurations.map((each) => [idOf(each), each])).values()];
}

/** Fisher and Yates. */
export function shuffled<Value>(values: readonly Value[], random: () => number): Value[] {
  const order = [...values];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as Value, order[last] as Value];
  }
  return order;
}

/**
 * Configurations not yet tried that promise most: what each single change was worth (a factor on the defaults'
 * score) is multiplied. Only combinations whose every part is known are promised anything, and only those that promise
 * more than the best that was measured.
 */
export function promising(
  space: Space,
  measured: readonly { readonly configuration: Configuration; readonly score: number }[],
  count: number,
): Configuration[] {
  const { defaults } = space;
  const scores = new Map(measured.map(({ configuration, score }) => [idOf(configuration), score]));
  const base = scores.get(idOf(defaults)) ?? 0;
  if (base <= 0) return [];
  const worth = (change: Partial<Configuration>): number =>
    (scores.get(idOf({ ...defaults, ...change })) ?? 0) / base;
  const best = Math.max(...scores.values());
  return everyOf(space)
    .filter((each) => !scores.has(idOf(each)))
    .map((each) => {
      const { instances, intraOpThreads, maxBatchSize, maxQueueDelayMicroseconds } = each;
      const parts = [{ instances, intraOpThreads }, { maxBatchSize }, { maxQueueDelayMicroseconds }];
      return { each, promise: parts.reduce((product, part) => product * worth(part), base) };
    })
    .filter(({ promise }) => promise > best)
    .sort((a, b) => b.promise - a.promise)
    .slice(0, count)
    .map(({ each }) => each);
}

import { join } from 'node:path';
import { VersionScheduler } from '../../src/batching/version-scheduler.ts';
import { SILENT_OBSERVER } from '../../src/inference/observer.ts';
import type { Runner, RunOptions } from '../../src/inference/runner.ts';
import type { Batching } from '../../src/inference/signature.ts';
import { CostModel } from '../../src/scheduling/cost-model.ts';
import type { TensorMap } from '../../src/tensor/tensor.ts';
import { ComputeBudget } from '../../src/workers/compute-budget.ts';
import { sampleInputs } from '../../src/workers/sample-inputs.ts';
import { openPool, type WorkerPool } from '../../src/workers/worker-pool.ts';
import { machineCpu } from '../machine/cpu.ts';
import { SHIPPED } from '../server/repository.ts';
import { median } from '../statistics/summary.ts';
import { FAMILY, FASTEST, type LiveContext } from './live-context.ts';

const LENGTH = 16;
const SIZES = [1, 2, 4, 8, 16, 32];

/** Requests before anything counts, and those that count, of each kind. */
const WARM_UP = 500;
const COUNTED = 3000;

/** Requests of a kind in a row before it is the other's turn. */
const TURN = 10;

/** Milliseconds. */
const DEADLINE = 100;

const BATCHING: Batching = {
  maxBatchSize: 32,
  preferredBatchSizes: [],
  maxQueueDelay: 0,
  maxQueueSize: 1024,
  priorityLevels: 0,
  defaultPriority: 1,
  defaultTimeout: 0,
  reason: '',
};

export interface SingleResult {
  readonly variant: string;
  readonly variants: number;
  /** Medians, milliseconds. */
  readonly bare: number;
  readonly scheduled: number;
  /** Cores that other programs kept busy. */
  readonly others: number;
}

/**
 * One request at a time, in this process: through the scheduler over all variants, and straight to the same workers.
 * The two take turns, so that a change of the machine's speed meets both.
 */
export async function singleCase({ accuracies, told }: LiveContext): Promise<SingleResult> {
  const budget = new ComputeBudget(1);
  const scheduler = new VersionScheduler({
    slots: { count: 1, ran() {} },
    maxBytes: 2 ** 30,
    patience: 30_000,
    sojourn: { target: 5000, interval: 10_000 },
  });
  const pools = new Map<string, WorkerPool>();
  const runners = new Map<string, Runner>();
  for (const [variant, accuracy] of accuracies) {
    const file = variant === 'default' ? 'model.onnx' : `model_${variant}.onnx`;
    const pool = await openPool({
      path: join(SHIPPED, FAMILY, '1', file),
      instances: 1,
      intraOpThreads: 1,
      executionProviders: ['cpu'],
      budget,
    });
    const cost = new CostModel(scheduler.interference);
    const times = await pool.warm(SIZES, { length: LENGTH });
    cost.sweep(SIZES.map((rows, index) => ({ rows, length: LENGTH, latency: times[index] ?? Number.NaN })));
    pools.set(variant, pool);
    const { signature } = pool;
    const lane = { variant, accuracy, runner: pool, cost, signature, batching: BATCHING };
    runners.set(variant, scheduler.open({ ...lane, padding: undefined, observer: SILENT_OBSERVER }));
  }
  const [pool, runner] = [pools.get(FASTEST), runners.get(FASTEST)];
  if (pool === undefined || runner === undefined) throw new Error(`there is no variant ${FASTEST}`);
  const inputs = sampleInputs(pool.signature, 1, { length: LENGTH });
  const times = { bare: [] as number[], scheduled: [] as number[] };
  const before = { time: performance.now(), machine: machineCpu(), own: process.cpuUsage() };
  for (let count = 0; count < WARM_UP + COUNTED; count += TURN) {
    const counts = count >= WARM_UP;
    for (let turn = 0; turn < TURN; turn++) {
      const took = await timed(pool, inputs, {});
      if (counts) times.bare.push(took);
    }
    for (let turn = 0; turn < TURN; turn++) {
      const terms = {
        variants: [FASTEST],
        route: 'pinned',
        preference: 'accuracy',
        client: 'bench',
      } as const;
      const took = await timed(runner, inputs, { terms, deadline: performance.now() + DEADLINE });
      if (counts) times.scheduled.push(took);
    }
  }
  const seconds = (performance.now() - before.time) / 1000;
  const { user, system } = process.cpuUsage(before.own);
  const others = Math.max(0, machineCpu() - before.machine - (user + system) / 1e6) / seconds;
  for (const each of runners.values()) await each.close();
  const result = { bare: median(times.bare), scheduled: median(times.scheduled), others };
  told(`single: bare ${result.bare.toFixed(3)} ms, scheduled ${result.scheduled.toFixed(3)} ms`);
  return { variant: FASTEST, variants: accuracies.size, ...result };
}

async function timed(runner: Runner, inputs: TensorMap, options: RunOptions): Promise<number> {
  const start = performance.now();
  await runner.run(inputs, options);
  return performance.now() - start;
}

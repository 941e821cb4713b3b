import { pino } from 'pino';
import { InferenceError } from '../../../src/errors.ts';
import { SILENT_OBSERVER } from '../../../src/inference/observer.ts';
import type { Signature } from '../../../src/inference/signature.ts';
import { NO_TIME } from '../../../src/inference/timings.ts';
import { ModelRegistry, type ModelRegistryOptions } from '../../../src/repository/model-registry.ts';
import { openRepository } from '../../../src/repository/model-repository.ts';
import {
  batchingLimits,
  type OpenedVariant,
  type OpenRequest,
} from '../../../src/repository/open-variant.ts';

const SIGNATURE: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', dims: ['batch', 2] }],
  outputs: [{ name: 'logits', datatype: 'FP32', dims: ['batch', 2] }],
};

/** A registry whose variants are opened by the test: at once, when told, or not at all. */
export interface RegistryBench {
  readonly registry: ModelRegistry;
  /** `model/version/variant` of every open that was begun. */
  readonly opens: string[];
  /** `model/version/variant` of the runners that are open now. */
  readonly open: () => readonly string[];
  /** `variant STATE` in order. */
  readonly states: string[];
  /** `model/version ready` or `model/version failed` of every load that ended, in order. */
  readonly loads: string[];
  /** Opens of this file text fail with this reason. */
  readonly broken: Map<string, string>;
  /** While set, opens wait for `release`. */
  readonly gate: { held: boolean; waiting: (() => void)[] };
  /** One look at the disk, in mode poll. */
  poll(): Promise<void>;
}

export function registryOn(
  path: string,
  options: Partial<ModelRegistryOptions> & Pick<ModelRegistryOptions, 'mode'>,
): RegistryBench {
  const opens: string[] = [];
  const running = new Set<{ name: string }>();
  const states: string[] = [];
  const loads: string[] = [];
  const broken = new Map<string, string>();
  const gate: RegistryBench['gate'] = { held: false, waiting: [] };
  let tick = (): Promise<void> => Promise.reject(new Error('not polling'));

  async function openVariant({ model, version, variant, settings }: OpenRequest): Promise<OpenedVariant> {
    const name = `${model}/${version}/${variant.variant}`;
    opens.push(name);
    if (gate.held) await new Promise<void>((resolve) => gate.waiting.push(resolve));
    const reason = broken.get(name);
    if (reason !== undefined) throw new InferenceError('failed_precondition', reason);
    const runner = { name };
    running.add(runner);
    return {
      signature: SIGNATURE,
      batching: { ...batchingLimits(settings), reason: 'test' },
      observer: SILENT_OBSERVER,
      instances: 1,
      intraOpThreads: 1,
      executionProviders: settings.executionProviders,
      omittedOutputs: [],
      defaults: {},
      runner: {
        async run(inputs) {
          if (!running.has(runner)) throw new InferenceError('unavailable', 'closed');
          return { outputs: inputs, timings: NO_TIME, batchSize: 1 };
        },
        async close() {
          running.delete(runner);
        },
      },
    };
  }

  const registry = new ModelRegistry({
    repository: openRepository({ path }),
    openVariant,
    statisticsFor: () => ({
      snapshot: () => {
        throw new Error('not asked for');
      },
    }),
    onStateChange: (_model, _version, variant, state) => states.push(`${variant} ${state}`),
    onLoadEnded: (model, version, ready) => loads.push(`${model}/${version} ${ready ? 'ready' : 'failed'}`),
    logger: pino({ level: 'silent' }),
    schedule: (run) => {
      tick = run;
      return () => {
        tick = () => Promise.reject(new Error('stopped'));
      };
    },
    ...options,
  });
  return {
    registry,
    opens,
    open: () => [...running].map(({ name }) => name).sort(),
    states,
    loads,
    broken,
    gate,
    poll: () => tick(),
  };
}

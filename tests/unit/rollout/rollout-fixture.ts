import { DataPlane } from '../../../src/inference/data-plane.ts';
import type { ArmRun, Target } from '../../../src/inference/rollout.ts';
import { NO_TIME } from '../../../src/inference/timings.ts';
import { parseRollout } from '../../../src/repository/rollout-config.ts';
import { ActiveRollouts, type ActiveRolloutsOptions } from '../../../src/rollout/active-rollouts.ts';
import { SILENT_LOGGER } from '../../support/fake-data-plane.ts';
import { ADD_MODEL, FakeRegistry } from '../../support/fake-registry.ts';
import { floatTensor } from '../../support/tensors.ts';

const OTHER = {
  ...ADD_MODEL,
  name: 'mixed',
  versions: ['1'],
  variants: ['default', 'int8', 'distilled'],
};

/** Rollouts over a model with three variants, and the ways to ask for them. */
export function bench({ memory }: Pick<ActiveRolloutsOptions, 'memory'> = {}) {
  const registry = new FakeRegistry([ADD_MODEL, OTHER]);
  const rollouts = new ActiveRollouts({
    logger: SILENT_LOGGER,
    registry: () => registry,
    memory,
    random: () => 0.5,
    later: (work) => work(),
  });
  const dataPlane = new DataPlane({
    registry,
    rollouts,
    server: { name: 'test', version: '0', extensions: [] },
    accepting: () => true,
  });
  const route = (key: string, more: Partial<Parameters<DataPlane['route']>[0]> = {}): Target =>
    dataPlane.route({ model: 'mixed', parameters: new Map(), key, ...more });
  const set = (plan: unknown, model = 'mixed') => rollouts.set(model, parseRollout(plan));
  return { rollouts, route, set, state: () => rollouts.describe('mixed') };
}

export const answer = ({ variant }: Target, milliseconds = 5): ArmRun => ({
  inputs: new Map([['A', floatTensor([1, 4], [1, 2, 3, 4])]]),
  outputs: undefined,
  result: { outputs: new Map([['SUM', floatTensor([1, 4], [1, 2, 3, 4])]]), timings: NO_TIME, batchSize: 1 },
  answering: variant,
  milliseconds,
});

export const KEYS = Array.from({ length: 400 }, (_, index) => `key-${index}`);

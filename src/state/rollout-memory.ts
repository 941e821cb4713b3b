import { z } from 'zod';
import { BOUNDS } from '../inference/rollout.ts';
import type { StateFolder } from './state-folder.ts';
import { rolloutFileName } from './variant-record.ts';

/** Raised whenever a field changes its meaning: older files are then ignored. */
const FORMAT = 1;

/**
 * How the rollouts of a repository stand, a file for each model. Nothing of it rejects.
 * @param plan what the plan of a rollout has to be
 */
export function rolloutMemory<Plan extends z.ZodType>(folder: StateFolder, repository: string, plan: Plan) {
  const schema = z.strictObject({
    file: z.string(),
    running: z
      .strictObject({
        plan,
        source: z.enum(['file', 'api']),
        since: z.iso.datetime(),
        breaches: z.array(z.strictObject({ bound: z.enum(BOUNDS), reason: z.string() }).nullable()),
      })
      .exactOptional(),
  });
  const nameOf = (model: string) => rolloutFileName(JSON.stringify(['rollout', FORMAT, repository, model]));
  return {
    read: (model: string) => folder.load(nameOf(model), (content) => schema.parse(JSON.parse(content))),
    write: (model: string, kept: z.output<typeof schema>) => folder.save(nameOf(model), JSON.stringify(kept)),
  };
}

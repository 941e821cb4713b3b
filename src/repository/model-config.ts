import { z } from 'zod';
import { invalidArgument } from '../errors.ts';
import { isName, isVersion } from '../inference/names.ts';
import { PREFERENCES } from '../inference/runner.ts';
import { rolloutSchema } from './rollout-config.ts';
import { describeIssues } from './schema-issues.ts';

const count = (min: number, max: number) => z.int().min(min).max(max);
const microseconds = z.int().min(0).max(86_400_000_000);
const variantName = z.string().refine(isName, 'is not a name (letters, digits, ".", "_", "-")');

/** A version policy other than 'all' has exactly one of the two keys. */
const versionPolicy = z.union(
  [
    z.literal('all'),
    z.strictObject({ latest: z.strictObject({ count: count(1, 1000) }) }),
    z.strictObject({
      specific: z.array(z.union([z.int().min(1), z.string().refine(isVersion)])).min(1),
    }),
  ],
  { error: `must be "all", {"latest": {"count": n}} or {"specific": [versions]}` },
);

/** Keys that a single variant may set differently from its model. */
const variantShape = {
  batching: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe(
      'auto: requests share a batch where the batch-invariance probe passes; on: they do where dimension 0 is symbolic, without the probe; off: each request runs alone.',
    ),
  maxBatchSize: count(0, 65_536)
    .default(32)
    .describe('Rows that run together at most; 0 turns batching off.'),
  preferredBatchSizes: z
    .array(count(1, 65_536))
    .max(64)
    .default([])
    .describe(
      'Rows to stop at when the queue holds more; none above maxBatchSize. Set: the model is batched by size and delay, without a choice of variants or admission by deadline.',
    ),
  maxQueueDelayMicroseconds: microseconds
    .default(0)
    .describe(
      'How long a batch that is not full may wait for more once a worker is free; microseconds. Above 0: the model is batched by size and delay, without a choice of variants or admission by deadline.',
    ),
  maxQueueSize: count(1, 1_000_000)
    .default(1024)
    .describe('Requests that may wait; the next one is refused with 429.'),
  priorityLevels: count(0, 64)
    .default(0)
    .describe(
      'Number of priorities a request can ask for. Under load 1 is refused last, and without a deadline served first; 0 turns priorities off.',
    ),
  defaultPriority: count(0, 64)
    .default(0)
    .describe('Priority of a request that names none; 0 is the middle of the levels.'),
  defaultTimeoutMicroseconds: microseconds
    .default(0)
    .describe('Deadline of a request that brings none, microseconds after its arrival; 0 is none.'),
  instances: count(1, 256)
    .exactOptional()
    .describe(
      'Worker threads that hold a session of each variant. Left out: up to one for each core, by the file size, two at first and more when all that are open run; and one for lone runs where that pays.',
    ),
  intraOpThreads: count(1, 256)
    .exactOptional()
    .describe(
      'ONNX Runtime threads inside each instance. Left out: from the cores and the instances, and more for lone runs.',
    ),
  executionProviders: z
    .array(z.string().regex(/^[a-z][a-z0-9]*$/, 'is not the name of an execution provider'))
    .min(1)
    .max(8)
    .default(['cpu'])
    .describe('Execution providers of ONNX Runtime, the preferred one first; cpu is used only if listed.'),
  graphOptimization: z
    .enum(['disabled', 'basic', 'extended', 'layout', 'all'])
    .default('all')
    .describe('How far ONNX Runtime may rewrite the graph when it opens the file.'),
};

/** Left-out keys stay left out (no defaults), so that only what is written overrides the model's. */
const variantOverride = z.strictObject(
  Object.fromEntries(
    Object.entries(variantShape).map(([key, schema]) => [
      key,
      (schema instanceof z.ZodDefault ? schema.unwrap() : schema).optional(),
    ]),
  ),
);

/** model.json: every key with its meaning, unit and default. Unknown keys are errors. */
export const modelConfigSchema = z
  .strictObject({
    task: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,63}$/, 'is not the name of a task')
      .exactOptional()
      .describe('Task of the endpoint /models/<name>. Left out: found in the config.json of the export.'),
    required: z
      .boolean()
      .default(true)
      .describe('Whether the server is ready only once this model has loaded at start.'),
    versionPolicy: versionPolicy
      .default({ latest: { count: 1 } })
      .describe('Versions to serve: the newest n, all of them, or the ones listed.'),
    variants: z
      .array(variantName)
      .min(1)
      .exactOptional()
      .describe(
        'Variants to load with the model. Left out: every one found. 32 of a version that take and give the same tensors are loaded at most.',
      ),
    defaultVariant: variantName
      .exactOptional()
      .describe(
        'Variant that answers a request that names none. Left out: "default" (model.onnx), else the first in `variants` or by name.',
      ),
    minAccuracy: z
      .number()
      .min(0)
      .max(1)
      .exactOptional()
      .describe(
        'Least measured accuracy of a variant that may answer unless it is named; a fraction from 0 to 1. Where no variant reaches it, the version is not loaded.',
      ),
    maxAccuracyLoss: z
      .number()
      .min(0)
      .max(100)
      .exactOptional()
      .describe('How far below the best variant one may be that answers unless it is named; points.'),
    prefer: z
      .enum(PREFERENCES)
      .default('accuracy')
      .describe(
        'How much of the time until its deadline a request gives for accuracy: accuracy (all), balanced (some), latency (none).',
      ),
    coalesce: z
      .enum(['auto', 'on', 'off'])
      .default('auto')
      .describe(
        'Whether identical requests in flight are computed once. auto: where the batch-invariance probe passes, which a model that draws random numbers does not; on: always; off: never.',
      ),
    responseCache: z
      .boolean()
      .default(false)
      .describe(
        'Whether repeats are answered from the response cache, if the server has one (responseCacheBytes); not for models that draw random numbers.',
      ),
    rollout: rolloutSchema
      .exactOptional()
      .describe(
        'Canaries, shadow and the bounds that roll a canary back, see rollout.md; the admin interface sets it too.',
      ),
    labels: z
      .record(z.string().min(1), z.union([z.array(z.string()).min(1), z.string().min(1)]))
      .exactOptional()
      .describe(
        'Class names by output name: a list, or a text file beside the model with one a line. Left out: labels.txt, else id2label of config.json.',
      ),
    ...variantShape,
    variantSettings: z
      .record(variantName, variantOverride)
      .default({})
      .describe(
        'By variant name: the keys from `batching` to `graphOptimization` where that variant differs; the queue that variants share has `maxQueueSize`, `priorityLevels` and `defaultPriority` of the default one.',
      ),
  })
  .superRefine((settings, context) => {
    const report = (path: string, message: string) => {
      context.addIssue({ code: 'custom', path: path.split('.'), message });
    };
    checkTogether(settings, '', report);
    for (const variant of Object.keys(settings.variantSettings)) {
      checkTogether(settingsOf(settings, variant), `variantSettings.${variant}.`, report);
    }
    const { variants, defaultVariant } = settings;
    if (variants !== undefined && defaultVariant !== undefined && !variants.includes(defaultVariant)) {
      report('defaultVariant', `is '${defaultVariant}', which is not in variants`);
    }
  });

/** The configuration of a model, complete and checked. */
export type ModelSettings = Readonly<z.output<typeof modelConfigSchema>>;

/** The settings of one variant: the model's, and above them what `variantSettings` has for it. */
export function settingsOf(settings: ModelSettings, variant: string): ModelSettings {
  const own = Object.hasOwn(settings.variantSettings, variant) ? settings.variantSettings[variant] : {};
  // Of the whole model: a rollout that changes opens no file again.
  const { rollout: _, ...common } = settings;
  return { ...common, ...own };
}

function checkTogether(
  settings: ModelSettings,
  prefix: string,
  report: (path: string, message: string) => void,
): void {
  const { maxBatchSize, preferredBatchSizes, priorityLevels, defaultPriority } = settings;
  const tooLarge = preferredBatchSizes.find((size) => size > maxBatchSize);
  if (tooLarge !== undefined) {
    report(`${prefix}preferredBatchSizes`, `has ${tooLarge}, above maxBatchSize ${maxBatchSize}`);
  }
  if (defaultPriority > priorityLevels) {
    report(`${prefix}defaultPriority`, `is ${defaultPriority}, above priorityLevels ${priorityLevels}`);
  }
}

/** The settings of a model without a model.json. */
export const DEFAULT_SETTINGS: ModelSettings = modelConfigSchema.parse({});

/** Throws `invalid_argument` naming `file` and every key that is unknown or out of range. */
export function parseModelConfig(value: unknown, file: string): ModelSettings {
  const result = modelConfigSchema.safeParse(value);
  if (result.success) return result.data;
  throw invalidArgument(`${file}: ${describeIssues(result.error)}`);
}

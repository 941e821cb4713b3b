import { hash } from 'node:crypto';
import { z } from 'zod';

/** Raised whenever the probe looks for something else, or a field changes its meaning: older files are then ignored. */
const FORMAT = 1;

/** Samples that the probe tries are far below it; what is asked of a model at its start must stay small. */
const LARGEST_SAMPLE = 1024;

const text = (most: number) => z.string().max(most);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const figure = z.number().min(0).max(1e9);

/** Everything that what was learned depends on: where any of it differs, nothing of it is known. */
const keySchema = z.strictObject({
  /** Of the model file. */
  sha256: digest,
  /** Of the stamps of the files beside it that may hold its weights. */
  data: digest,
  cpu: text(256),
  cores: z.int().min(1).max(4096),
  /** Version of ONNX Runtime, with platform and architecture. */
  runtime: text(128),
  instances: z.int().min(1).max(4096),
  intraOpThreads: z.int().min(1).max(4096),
  executionProviders: z.array(text(64)).max(16),
  graphOptimization: text(16),
  maxBatchSize: z.int().min(0).max(65_536),
});

/** What the probe found out about the file. */
const verdictSchema = z.strictObject({
  batchable: z.boolean(),
  reason: text(2048),
  sample: z
    .strictObject({
      length: z.int().min(1).max(LARGEST_SAMPLE),
      largestId: z.int().min(1).max(LARGEST_SAMPLE),
    })
    .optional(),
  padding: z.strictObject({ dimension: text(256).min(1) }).optional(),
});

/** What its batches cost. */
const profileSchema = z.strictObject({
  coefficients: z.tuple([figure, figure, figure]).refine((all) => all.some((each) => each > 0), 'are all 0'),
  inflation: z.number().min(1).max(10),
  observations: z.int().min(0),
});

const recordSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** Milliseconds since 1970. */
  learnedAt: z.number().positive(),
  key: keySchema,
  verdict: verdictSchema,
  profile: profileSchema.optional(),
});

export type VariantKey = Readonly<z.output<typeof keySchema>>;
export type VariantVerdict = Readonly<z.output<typeof verdictSchema>>;
export type VariantRecord = Readonly<z.output<typeof recordSchema>>;

/** What is kept of a variant. */
export type Learned = Omit<VariantRecord, 'format' | 'key'>;

/** The same for keys that say the same, another one for any other. */
export const fileNameOf = (key: VariantKey): string => `${digestOf(canonical(key))}.json`;

/** The file of what is kept of a rollout, by what it is about. */
export const rolloutFileName = (about: string): string => `rollout-${digestOf(about)}.json`;

/** Whether a file of the folder may be removed for its age: a variant's, or an unfinished one, but not a rollout's. */
export const isRemovable = (name: string): boolean =>
  /^([0-9a-f]{40}\.json|(rollout-)?[0-9a-f]{40}\.json\.[0-9a-f]{12}\.new)$/.test(name);

/** Throws where a field is out of the range in which it would be read. */
export const writeRecord = (key: VariantKey, { learnedAt, verdict, profile }: Learned): string =>
  JSON.stringify(
    recordSchema.parse({
      format: FORMAT,
      learnedAt,
      key,
      verdict,
      ...(profile === undefined ? {} : { profile }),
    }),
  );

/** Throws with the reason for what was not written here, or for another key. */
export function readRecord(content: string, key: VariantKey, now: number): VariantRecord {
  const result = recordSchema.safeParse(JSON.parse(content));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new Error(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
  }
  const record = result.data;
  if (canonical(record.key) !== canonical(key)) throw new Error('it is about another file or machine');
  if (record.learnedAt > now + CLOCK_DIFFERENCE) throw new Error('it is from the future');
  return record;
}

/** Milliseconds that clocks may differ by. */
const CLOCK_DIFFERENCE = 86_400_000;

const digestOf = (about: string): string => hash('sha256', about).slice(0, 40);

function canonical(key: VariantKey): string {
  const parsed = keySchema.parse(key);
  return JSON.stringify(Object.entries(parsed).sort(([a], [b]) => (a < b ? -1 : 1)));
}

import { z } from 'zod';
import { invalidArgument } from '../errors.ts';
import { isName } from '../inference/names.ts';
import { describeIssues } from './schema-issues.ts';

const measured = z.record(z.string(), z.unknown());

const variantSchema = z.strictObject({
  file: z
    .string()
    .refine(
      (name) => /^[^/\\]+\.onnx$/.test(name) && !name.startsWith('.'),
      'is not the name of an .onnx file',
    ),
  bytes: z.int().min(0).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not 64 lower-case hexadecimal digits')
    .optional(),
  precision: z.string().optional(),
  accuracy: z.number().min(0).max(1).optional(),
  seed: z.int().optional(),
  evaluation: measured.optional(),
  latency: measured.optional(),
  lineage: z.union([measured, z.array(z.unknown())]).optional(),
  /** Share of int8 products that may overflow on a CPU without VNNI. */
  saturation_risk: z.number().min(0).optional(),
  /** Budget of training with differential privacy. */
  privacy: measured.optional(),
});

/**
 * variants.json, as the factory writes it: what was measured for each file of a version. The outline is strict, so that
 * a misspelt key does not pass for a missing one; inside `evaluation`, `latency` and `lineage` anything goes.
 */
const variantsSchema = z.strictObject({
  model: z.string().optional(),
  version: z.union([z.int(), z.string()]).optional(),
  task: z.string().optional(),
  data: measured.optional(),
  variants: z.record(z.string().refine(isName, 'is not the name of a variant'), variantSchema),
});

export type VariantsFile = z.output<typeof variantsSchema>;
export type MeasuredVariant = z.output<typeof variantSchema>;

/** Throws `invalid_argument` naming the keys that are unknown or wrong. */
export function parseVariantsFile(value: unknown): VariantsFile {
  const result = variantsSchema.safeParse(value);
  if (result.success) return result.data;
  throw invalidArgument(`variants.json: ${describeIssues(result.error)}`);
}

import { z } from 'zod';
import { invalidArgument } from '../errors.ts';
import { MAX_TEXT_BYTES, MAX_TEXTS } from './limits.ts';

/** A text within the limit. */
export const TEXT = z
  .string({ error: 'must be a string' })
  .refine((text) => text.length <= MAX_TEXT_BYTES && Buffer.byteLength(text) <= MAX_TEXT_BYTES, {
    error: `must not be longer than ${MAX_TEXT_BYTES} bytes`,
  });

/** A list of at most `MAX_TEXTS` elements, refused by its length before its elements are looked at. */
export const listOf = <Element extends z.ZodType>(element: Element) =>
  z
    .array(z.unknown(), { error: 'must be a list' })
    .refine((list) => list.length > 0, { error: 'must not be empty', abort: true })
    .refine((list) => list.length <= MAX_TEXTS, {
      error: `must not have more than ${MAX_TEXTS} elements`,
      abort: true,
    })
    .pipe(z.array(element));

export const TOP_K = z
  .int({ error: 'must be a positive integer or null' })
  .positive({ error: 'must be a positive integer or null' })
  .nullable();

export const FLAG = z.boolean({ error: 'must be true or false' });

/** Labels to choose from: a list, or one text with commas between them. */
export const LABELS = z
  .union([listOf(TEXT), TEXT.transform((text) => text.split(','))], { error: 'must be a list of labels' })
  .transform((labels) => labels.map((label) => label.trim()).filter((label) => label !== ''))
  .refine((labels) => labels.length > 0, { error: 'must not be empty' });

/** A sentence with `{}` in the place of a label, as a function that puts one there. */
export const template = (standard: string) =>
  TEXT.refine((text) => text.includes('{}'), { error: "must contain '{}', the place of the label" })
    .default(standard)
    .transform((text) => (label: string) => text.replace('{}', () => label));

/** Parameters of every task that reads text with a tokenizer. */
export const TEXT_PARAMETERS = {
  truncation: FLAG.default(false),
  max_length: z
    .int({ error: 'must be a positive integer' })
    .positive({ error: 'must be a positive integer' })
    .optional(),
};

/**
 * The body of a Hugging Face request. `options` (wait_for_model, use_cache) speaks of the hosted service and is
 * accepted without effect.
 */
export const requestBody = <Inputs extends z.ZodType, Parameters extends z.ZodRawShape>(
  inputs: Inputs,
  parameters: Parameters,
) =>
  z.strictObject({
    inputs,
    parameters: z.strictObject(parameters).prefault({} as never),
    options: z.unknown().optional(),
  });

/** Checks a body. Throws `invalid_argument` that names the field. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { path, message } = deepestIssue(result.error.issues);
  const field = path.length === 0 ? 'the request body' : `'${path.map(String).join('.')}'`;
  throw invalidArgument(`${field}: ${message}`);
}

interface Found {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** The value is of another type than this branch is for. */
  readonly mismatch: boolean;
}

/** Of a union's branches the one that got furthest is the one the client meant. */
function deepestIssue(issues: readonly z.core.$ZodIssue[]): Found {
  const [issue] = issues;
  if (issue === undefined) return { path: [], message: 'is not valid', mismatch: false };
  const { path, message } = issue;
  const own = { path, message, mismatch: issue.code === 'invalid_type' || issue.code === 'invalid_union' };
  if (issue.code !== 'invalid_union') return own;
  const [inner] = issue.errors.map((branch) => deepestIssue(branch)).sort((a, b) => depth(b) - depth(a));
  if (inner === undefined || depth(inner) === 0) return own;
  return { ...inner, path: [...path, ...inner.path] };
}

const depth = ({ path, mismatch }: Found): number => path.length + (mismatch ? 0 : 0.5);

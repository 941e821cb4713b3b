import { z } from 'zod';
import { InferenceError, invalidArgument, messageOf } from '../errors.ts';
import { type ModelSettings, parseModelConfig } from './model-config.ts';
import { parseTextFormat, type TextMessage, type TextValue } from './protobuf-text.ts';
import { describeIssues } from './schema-issues.ts';

/** What a Triton model configuration says, in our terms. */
export interface TritonReading {
  readonly settings: ModelSettings;
  readonly name?: string;
  /** `default_model_filename`: the file of the variant "default". */
  readonly defaultFile?: string;
  /** Fields that are understood by nobody here, or ignored on purpose; for the log. */
  readonly warnings: readonly string[];
}

/** Protobuf's JSON writes 64-bit integers as text. */
const integer = z.preprocess(
  (value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value),
  z.int(),
);

const tensor = z.looseObject({ name: z.string().optional(), label_filename: z.string().optional() });

const queuePolicy = z.looseObject({
  timeout_action: z.string().optional(),
  default_timeout_microseconds: integer.optional(),
  allow_timeout_override: z.boolean().optional(),
  max_queue_size: integer.optional(),
});

const tritonSchema = z.looseObject({
  name: z.string().optional(),
  platform: z.string().optional(),
  backend: z.string().optional(),
  max_batch_size: integer.optional(),
  input: z.array(tensor).optional(),
  output: z.array(tensor).optional(),
  default_model_filename: z.string().optional(),
  version_policy: z
    .union([
      z.strictObject({ all: z.looseObject({}) }),
      z.strictObject({ latest: z.strictObject({ num_versions: integer.optional() }) }),
      z.strictObject({ specific: z.strictObject({ versions: z.array(integer) }) }),
    ])
    .optional(),
  instance_group: z
    .array(z.looseObject({ count: integer.optional(), kind: z.string().optional() }))
    .optional(),
  dynamic_batching: z
    .looseObject({
      preferred_batch_size: z.array(integer).optional(),
      max_queue_delay_microseconds: integer.optional(),
      priority_levels: integer.optional(),
      default_priority_level: integer.optional(),
      default_queue_policy: queuePolicy.optional(),
    })
    .optional(),
  response_cache: z.looseObject({ enable: z.boolean().optional() }).optional(),
  parameters: z.record(z.string(), z.looseObject({ string_value: z.string().optional() })).optional(),
});

type TritonConfig = z.output<typeof tritonSchema>;

/** Fields that change what a model is, which no setting of ours can stand for. */
const IMPOSSIBLE = ['sequence_batching', 'ensemble_scheduling', 'model_repository_agents'];

const REPEATED = new Set(['input', 'output', 'instance_group', 'preferred_batch_size', 'versions']);

/** Whether JSON sent with a load request is Triton's rather than model.json: it has one of its field names. */
export const isTritonConfig = (value: object): boolean =>
  Object.keys(value).some((key) => Object.hasOwn(tritonSchema.shape, key) || IMPOSSIBLE.includes(key));

/** Reads config.pbtxt. Throws `invalid_argument` naming the line or the field. */
export function parseTritonText(text: string, file: string): TritonReading {
  try {
    return readTritonConfig(toJson(parseTextFormat(text)), file);
  } catch (error) {
    if (!(error instanceof InferenceError) || error.message.startsWith(file)) throw error;
    throw invalidArgument(`${file}: ${messageOf(error)}`);
  }
}

/** Reads a Triton model configuration in JSON. `source` is how messages call it. Throws `invalid_argument`. */
export function readTritonConfig(value: unknown, source: string): TritonReading {
  const parsed = tritonSchema.safeParse(value);
  if (!parsed.success) throw invalidArgument(`${source}: ${describeIssues(parsed.error)}`);
  const config = parsed.data;
  refuseImpossible(config, source);
  const warnings: string[] = [];
  const settings = parseModelConfig(toModelConfig(config, warnings), `${source} (in the keys of model.json)`);
  return {
    settings,
    ...(config.name === undefined ? {} : { name: config.name }),
    ...(config.default_model_filename === undefined ? {} : { defaultFile: config.default_model_filename }),
    warnings: [...unknownFields(config), ...warnings].map((warning) => `${source}: ${warning}`),
  };
}

function refuseImpossible(config: TritonConfig, source: string): void {
  const field = IMPOSSIBLE.find((name) => Object.hasOwn(config, name));
  if (field !== undefined) throw invalidArgument(`${source}: ${field} is not supported`);
  const { backend = '', platform = '' } = config;
  if (backend !== '' && backend !== 'onnxruntime') {
    throw invalidArgument(`${source}: backend '${backend}' is not supported, only 'onnxruntime'`);
  }
  if (platform !== '' && platform !== 'onnxruntime_onnx') {
    throw invalidArgument(`${source}: platform '${platform}' is not supported, only 'onnxruntime_onnx'`);
  }
  const policy = z.looseObject({ decoupled: z.boolean().optional() });
  const transaction = policy.safeParse(config['model_transaction_policy']);
  if (transaction.success && transaction.data.decoupled === true) {
    throw invalidArgument(`${source}: model_transaction_policy.decoupled is not supported`);
  }
}

function toModelConfig(config: TritonConfig, warnings: string[]): Record<string, unknown> {
  const { max_batch_size: maxBatchSize, dynamic_batching: batching = {}, instance_group: groups } = config;
  const queue = batching.default_queue_policy ?? {};
  if (queue.timeout_action === 'DELAY') warnings.push('timeout_action DELAY is ignored, late requests fail');
  if (queue.allow_timeout_override === false) warnings.push('allow_timeout_override false is ignored');
  const labels = labelFiles(config);
  const threads = Number(config.parameters?.['intra_op_thread_count']?.string_value ?? 0);
  const instances = (groups ?? []).reduce((sum, group) => sum + (group.count ?? 1), 0);
  return present({
    versionPolicy: versionPolicy(config),
    maxBatchSize,
    preferredBatchSizes: batching.preferred_batch_size,
    maxQueueDelayMicroseconds: batching.max_queue_delay_microseconds,
    priorityLevels: batching.priority_levels,
    defaultPriority: batching.default_priority_level,
    defaultTimeoutMicroseconds: queue.default_timeout_microseconds,
    // Triton's 0 is "no limit"; the queue here is always bounded.
    maxQueueSize: queue.max_queue_size === 0 ? undefined : queue.max_queue_size,
    instances: instances === 0 ? undefined : instances,
    intraOpThreads: threads === 0 ? undefined : threads,
    responseCache: config.response_cache?.enable,
    executionProviders: groups?.some(({ kind }) => kind === 'KIND_GPU') ? ['cuda'] : undefined,
    labels: Object.keys(labels).length === 0 ? undefined : labels,
  });
}

function versionPolicy({ version_policy: policy }: TritonConfig): unknown {
  if (policy === undefined) return undefined;
  if ('all' in policy) return 'all';
  if ('latest' in policy) return { latest: { count: policy.latest.num_versions ?? 1 } };
  return { specific: policy.specific.versions };
}

const labelFiles = ({ output = [] }: TritonConfig): Record<string, string> =>
  Object.fromEntries(
    output.flatMap(({ name = '', label_filename: file = '' }) => (file === '' ? [] : [[name, file]])),
  );

function unknownFields(config: TritonConfig): string[] {
  const { dynamic_batching: batching, response_cache: responseCache, parameters = {} } = config;
  return [
    ...extra(config, tritonSchema),
    ...extra(batching, tritonSchema.shape.dynamic_batching.unwrap(), 'dynamic_batching.'),
    ...extra(batching?.default_queue_policy, queuePolicy, 'default_queue_policy.'),
    ...extra(responseCache, tritonSchema.shape.response_cache.unwrap(), 'response_cache.'),
    ...Object.keys(parameters).flatMap((key) =>
      key === 'intra_op_thread_count' ? [] : [`parameters.${key}`],
    ),
  ].map((field) => `'${field}' is ignored`);
}

const extra = (value: object | undefined, schema: z.ZodObject, prefix = ''): string[] =>
  Object.keys(value ?? {}).flatMap((key) => (Object.hasOwn(schema.shape, key) ? [] : [prefix + key]));

const present = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** The message in the shape of protobuf's JSON: the last value of a field counts, repeated fields are lists. */
function toJson(message: TextMessage): Record<string, unknown> {
  return Object.fromEntries(
    [...message].map(([name, values]) => {
      if (name === 'parameters') return [name, mapEntries(values)];
      const json = values.map(scalarOrMessage);
      return [name, REPEATED.has(name) ? json : json.at(-1)];
    }),
  );
}

const scalarOrMessage = (value: TextValue): unknown => (typeof value === 'object' ? toJson(value) : value);

/** A protobuf map is written as one message per entry, with the fields `key` and `value`. */
function mapEntries(entries: readonly TextValue[]): Record<string, unknown> {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      if (typeof entry !== 'object') return [];
      const { key, value } = toJson(entry);
      return typeof key === 'string' ? [[key, value ?? {}]] : [];
    }),
  );
}

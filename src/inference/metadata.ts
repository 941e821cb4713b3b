import { wireShape } from '../tensor/shape.ts';
import type { ModelState, ServedVariant, ServedVersion } from './served.ts';
import type { TensorSpec } from './signature.ts';

/** Metadata and configuration of a model, in the field names of the protocol. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /** Every variant of the version, loaded or not; not part of the protocol. */
  readonly variants: readonly VariantMetadata[];
}

export interface VariantMetadata {
  readonly name: string;
  readonly state: ModelState;
  /** Why it is not READY. */
  readonly reason?: string;
  readonly file: string;
  readonly bytes: number;
  /** Fraction of right answers, 0 to 1, where it was measured. */
  readonly accuracy?: number;
}

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** Name of the format, as Triton's ONNX Runtime backend reports it. */
export const PLATFORM = 'onnxruntime_onnx';

const tensorMetadata = ({ name, datatype, dims }: TensorSpec): TensorMetadata => ({
  name,
  datatype,
  shape: wireShape(dims),
});

export function modelMetadata(
  version: ServedVersion,
  variant: ServedVariant,
  versions: readonly string[],
): ModelMetadata {
  return {
    name: version.model,
    versions,
    platform: PLATFORM,
    inputs: variant.signature.inputs.map(tensorMetadata),
    outputs: variant.signature.outputs.map(tensorMetadata),
    variants: variantMetadata(version),
  };
}

function variantMetadata({ statuses }: ServedVersion): VariantMetadata[] {
  return [...statuses].map(([name, { state, reason, file }]) => ({
    name,
    state,
    ...(reason === '' ? {} : { reason }),
    file: file.name,
    bytes: file.bytes,
    ...(file.accuracy === undefined ? {} : { accuracy: file.accuracy }),
  }));
}

/** The part of Triton's ModelConfig that describes what Sluice does; perf_analyzer reads it. */
export interface ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  readonly version_policy: { readonly specific: { readonly versions: readonly number[] } };
  readonly max_batch_size: number;
  readonly input: readonly ConfigTensor[];
  readonly output: readonly ConfigTensor[];
  readonly instance_group: readonly {
    readonly name: string;
    readonly kind: 'KIND_CPU' | 'KIND_GPU';
    readonly count: number;
  }[];
  readonly default_model_filename: string;
  readonly dynamic_batching?: DynamicBatchingConfig;
  /** Free text, Triton's place for what its schema has no field for. */
  readonly parameters: Readonly<Record<string, { readonly string_value: string }>>;
}

export interface ConfigTensor {
  readonly name: string;
  readonly data_type: string;
  readonly dims: readonly number[];
}

export interface DynamicBatchingConfig {
  readonly preferred_batch_size: readonly number[];
  readonly max_queue_delay_microseconds: number;
  readonly priority_levels: number;
  readonly default_priority_level: number;
  readonly default_queue_policy: {
    readonly timeout_action: 'REJECT';
    readonly default_timeout_microseconds: number;
    readonly allow_timeout_override: boolean;
    readonly max_queue_size: number;
  };
}

/** Dimensions without the batch axis, which Triton keeps out of a config whose max_batch_size is not 0. */
function configTensor(spec: TensorSpec, batched: boolean): ConfigTensor {
  const dims = wireShape(spec.dims);
  return {
    name: spec.name,
    data_type: spec.datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${spec.datatype}`,
    dims: batched ? dims.slice(1) : dims,
  };
}

export function modelConfig(
  version: ServedVersion,
  variant: ServedVariant,
  versions: readonly string[],
): ModelConfig {
  const { batching, signature } = variant;
  const batched = batching.maxBatchSize > 0;
  const gpu = variant.executionProviders.some((provider) => provider !== 'cpu');
  return {
    name: version.model,
    platform: PLATFORM,
    backend: 'onnxruntime',
    version_policy: { specific: { versions: versions.map(Number) } },
    max_batch_size: batching.maxBatchSize,
    input: signature.inputs.map((spec) => configTensor(spec, batched)),
    output: signature.outputs.map((spec) => configTensor(spec, batched)),
    instance_group: [
      {
        name: `${version.model}_${variant.variant}`,
        kind: gpu ? 'KIND_GPU' : 'KIND_CPU',
        count: variant.instances,
      },
    ],
    default_model_filename: variant.file.name,
    ...(batched ? { dynamic_batching: dynamicBatching(variant) } : {}),
    parameters: configParameters(version, variant),
  };
}

function dynamicBatching({ batching }: ServedVariant): DynamicBatchingConfig {
  return {
    preferred_batch_size: batching.preferredBatchSizes,
    max_queue_delay_microseconds: Math.round(batching.maxQueueDelay * 1000),
    priority_levels: batching.priorityLevels,
    default_priority_level: batching.defaultPriority,
    default_queue_policy: {
      timeout_action: 'REJECT',
      default_timeout_microseconds: Math.round(batching.defaultTimeout * 1000),
      allow_timeout_override: true,
      max_queue_size: batching.maxQueueSize,
    },
  };
}

function configParameters(version: ServedVersion, variant: ServedVariant): ModelConfig['parameters'] {
  const text = (value: string) => ({ string_value: value });
  return {
    variant: text(variant.variant),
    variants: text(JSON.stringify(variantMetadata(version))),
    batching: text(variant.batching.reason),
    execution_providers: text(variant.executionProviders.join(',')),
    intra_op_threads: text(String(variant.intraOpThreads)),
    ...(variant.omittedOutputs.length > 0 ? { omitted_outputs: text(variant.omittedOutputs.join(',')) } : {}),
  };
}

import type { ModelConfig, ModelMetadata } from '../inference/metadata.ts';
import type { IndexEntry } from '../inference/served.ts';
import type { ModelStatistics } from '../inference/statistics.ts';
import { inference as messages } from './generated/inference.js';

/** A message class of the generated code. */
export interface MessageType<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

/** The bytes of a message, as grpc-js wants them. */
export function encodeMessage<Message>(type: MessageType<Message>, message: Message): Buffer {
  const { buffer, byteOffset, byteLength } = type.encode(message).finish();
  return Buffer.from(buffer, byteOffset, byteLength);
}

export function encodeModelMetadata(metadata: ModelMetadata): Buffer {
  const tensors = (list: ModelMetadata['inputs']) =>
    list.map((each) => ({ ...each, shape: [...each.shape] }));
  return encodeMessage(messages.ModelMetadataResponse, {
    ...metadata,
    versions: [...metadata.versions],
    inputs: tensors(metadata.inputs),
    outputs: tensors(metadata.outputs),
  });
}

export function encodeModelConfig(config: ModelConfig): Buffer {
  const { dynamic_batching, version_policy, ...rest } = config;
  const tensors = (list: ModelConfig['input']) =>
    list.map(({ name, data_type, dims }) => ({ name, data_type: dataType(data_type), dims: [...dims] }));
  const batching = dynamic_batching && {
    ...dynamic_batching,
    preferred_batch_size: [...dynamic_batching.preferred_batch_size],
    default_queue_policy: {
      ...dynamic_batching.default_queue_policy,
      timeout_action: messages.ModelQueuePolicy.TimeoutAction.REJECT,
    },
  };
  return encodeMessage(messages.ModelConfigResponse, {
    config: {
      ...rest,
      version_policy: { specific: { versions: [...version_policy.specific.versions] } },
      input: tensors(config.input),
      output: tensors(config.output),
      instance_group: config.instance_group.map((group) => ({
        ...group,
        kind: messages.ModelInstanceGroup.Kind[group.kind],
      })),
      ...(batching === undefined ? {} : { dynamic_batching: batching }),
    },
  });
}

const dataType = (name: string): messages.DataType =>
  name in messages.DataType
    ? messages.DataType[name as keyof typeof messages.DataType]
    : messages.DataType.TYPE_INVALID;

export function encodeStatistics(statistics: readonly ModelStatistics[]): Buffer {
  return encodeMessage(messages.ModelStatisticsResponse, {
    model_stats: statistics.map((each) => ({ ...each, batch_stats: [...each.batch_stats] })),
  });
}

export function encodeRepositoryIndex(index: readonly IndexEntry[]): Buffer {
  return encodeMessage(messages.RepositoryIndexResponse, {
    models: index.map(({ name, version, state, reason }) => ({ name, version, state, reason })),
  });
}

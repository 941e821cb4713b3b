import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { InferenceError, invalidArgument } from '../errors.ts';
import { inference as messages } from '../protocol/generated/inference.js';
import {
  encodeMessage,
  encodeModelConfig,
  encodeModelMetadata,
  encodeRepositoryIndex,
  encodeStatistics,
} from '../protocol/grpc-messages.ts';
import { readInferRequest } from '../protocol/grpc-request.ts';
import { encodeInferResponse } from '../protocol/grpc-response.ts';
import { decoding } from '../protocol/grpc-wire.ts';
import { quote } from '../protocol/quote.ts';
import { collectBuffers } from './buffer-garbage.ts';
import { answerTrailers } from './grpc-call.ts';
import { boundMessage, inferFor } from './grpc-infer.ts';
import { type StreamOptions, streamHandler } from './grpc-stream.ts';
import { type UnaryMethod, unaryHandler } from './grpc-unary.ts';

/** Full name of the service, as in `proto/`. */
export const SERVICE = 'inference.GRPCInferenceService';

const STREAM = 'ModelStreamInfer';

/** The unary methods of the service; each only translates to and from the data plane. */
function unaryMethods({ dataPlane, maxMessageBytes }: StreamOptions): Record<string, UnaryMethod> {
  return {
    ServerLive: () => answer(encodeMessage(messages.ServerLiveResponse, { live: true })),
    ServerReady: () => answer(encodeMessage(messages.ServerReadyResponse, { ready: dataPlane.ready })),
    ServerMetadata: () => {
      const { name, version, extensions } = dataPlane.serverMetadata;
      return answer(
        encodeMessage(messages.ServerMetadataResponse, { name, version, extensions: [...extensions] }),
      );
    },
    ModelReady: (message) => {
      const { name, version } = read(messages.ModelReadyRequest, message);
      const ready = dataPlane.modelReady(name, optional(version));
      return answer(encodeMessage(messages.ModelReadyResponse, { ready }));
    },
    ModelMetadata: (message) => {
      const { name, version } = read(messages.ModelMetadataRequest, message);
      return answer(encodeModelMetadata(dataPlane.modelMetadata(name, optional(version))));
    },
    ModelConfig: (message) => {
      const { name, version } = read(messages.ModelConfigRequest, message);
      return answer(encodeModelConfig(dataPlane.modelConfig(name, optional(version))));
    },
    ModelStatistics: async (message) => {
      const { name, version } = read(messages.ModelStatisticsRequest, message);
      return answer(encodeStatistics(await dataPlane.statistics(optional(name), optional(version))));
    },
    ModelInfer: async (message, context) => {
      const response = await inferFor(dataPlane, readInferRequest(message), context);
      const answered = boundMessage(encodeInferResponse(response), maxMessageBytes);
      return { message: answered, trailers: answerTrailers(context, response) };
    },
    RepositoryIndex: (message) => {
      const { repository_name, ready } = read(messages.RepositoryIndexRequest, message);
      refuseNamed(repository_name);
      return answer(encodeRepositoryIndex(dataPlane.repositoryIndex(ready)));
    },
    RepositoryModelLoad: async (message) => {
      const { repository_name, model_name, parameters } = read(messages.RepositoryModelLoadRequest, message);
      refuseNamed(repository_name);
      await dataPlane.loadModel(model_name, configOf(parameters));
      return answer(encodeMessage(messages.RepositoryModelLoadResponse, {}));
    },
    RepositoryModelUnload: async (message) => {
      const { repository_name, model_name } = read(messages.RepositoryModelUnloadRequest, message);
      refuseNamed(repository_name);
      await dataPlane.unloadModel(model_name);
      return answer(encodeMessage(messages.RepositoryModelUnloadResponse, {}));
    },
  };
}

const answer = (message: Buffer) => ({ message });

/** Protobuf has no "left out" for text: it is empty. */
const optional = (text: string): string | undefined => (text === '' ? undefined : text);

function read<Message>(type: { decode(message: Buffer): Message; name: string }, message: Buffer): Message {
  return decoding(type.name, () => type.decode(message));
}

type LoadParameters = Readonly<Record<string, messages.ModelRepositoryParameter.$Properties>>;

/** `config` of a load. Files in the request (`file:...`) are not taken: models come from the repository. */
function configOf(parameters: LoadParameters): string | undefined {
  const file = Object.keys(parameters).find((name) => name.startsWith('file:'));
  if (file !== undefined) {
    throw new InferenceError(
      'unimplemented',
      `parameter ${quote(file)}: loading files of a request is not supported`,
    );
  }
  const config = parameters['config'];
  if (config === undefined || typeof config.string_param === 'string')
    return config?.string_param ?? undefined;
  throw invalidArgument(`parameter 'config' must be a string`);
}

/** As Triton: there is one repository and it has no name. */
function refuseNamed(repository: string): void {
  if (repository === '') return;
  throw new InferenceError(
    'unimplemented',
    `repository ${quote(repository)}: naming a repository is not supported`,
  );
}

/** What grpc-js needs to serve the service: its paths, and the handlers of its methods. */
export function inferenceService(options: StreamOptions): {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
} {
  const { logger, ended } = options;
  const unary = Object.entries(unaryMethods(options));
  return {
    definition: Object.fromEntries(
      [...unary.map(([name]) => name), STREAM].map((name) => [name, methodDefinition(name)]),
    ),
    implementation: {
      ...Object.fromEntries(unary.map(([name, method]) => [name, unaryHandler(name, method, logger, ended)])),
      [STREAM]: streamHandler(options),
    },
  };
}

/** Messages pass through grpc-js as bytes. */
function methodDefinition(name: string) {
  const asIs = (message: Buffer): Buffer => {
    collectBuffers(message.byteLength);
    return message;
  };
  return {
    path: `/${SERVICE}/${name}`,
    requestStream: name === STREAM,
    responseStream: name === STREAM,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

import {
  type CallOptions,
  Client,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { Signature } from '../../src/inference/signature.ts';
import { inference as messages } from '../../src/protocol/generated/inference.js';
import { encodeMessage } from '../../src/protocol/grpc-messages.ts';
import { METHODS } from './grpc-messages.ts';
import { signatureOf } from './metadata.ts';
import { ANSWER_TIMEOUT, type Answer } from './target.ts';

const NOTHING = Buffer.alloc(0);
const NO_METADATA = new Metadata();
const LARGEST_MESSAGE = 256 * 1024 * 1024;

export const asIs = (bytes: Buffer): Buffer => bytes;

/** One HTTP/2 connection of its own: grpc-js would share it among clients of one address otherwise. */
export function openChannel(address: string): Client {
  return new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': LARGEST_MESSAGE,
    'grpc.max_send_message_length': LARGEST_MESSAGE,
    'grpc.enable_channelz': 0,
  });
}

/** Calls a method with a message that is encoded already. No deadline: the server would have to keep it. */
export function call(
  channel: Client,
  path: string,
  message: Buffer,
  done: (answer: Answer) => void,
  options: CallOptions = {},
): void {
  channel.makeUnaryRequest(path, asIs, asIs, message, NO_METADATA, options, (error, body) =>
    done(error === null ? { body: body ?? NOTHING } : failureOf(error, channel)),
  );
}

/** UNAVAILABLE is what a server may answer, and what a call without a connection fails with: the channel tells. */
export const failureOf = ({ code, details }: ServiceError, channel: Client): Answer => ({
  failure: status[code] ?? `gRPC ${code}`,
  message: details,
  unanswered: channel.getChannel().getConnectivityState(false) !== connectivityState.READY,
  body: NOTHING,
});

/** Inputs and outputs of a model, by the protocol's metadata. */
export async function describe(
  channel: Client,
  address: string,
  model: string,
  version = '',
): Promise<Signature> {
  const message = encodeMessage(messages.ModelMetadataRequest, { name: model, version });
  const deadline = Date.now() + ANSWER_TIMEOUT;
  const answer = await new Promise<Answer>((resolve) =>
    call(channel, METHODS.metadata, message, resolve, { deadline }),
  );
  if (answer.failure !== undefined) {
    throw new Error(`model '${model}' at ${address}: ${answer.failure} ${answer.message ?? ''}`);
  }
  return signatureOf(model, messages.ModelMetadataResponse.decode(answer.body));
}

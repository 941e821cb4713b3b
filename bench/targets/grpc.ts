import { call, describe, openChannel } from './grpc-channel.ts';
import { encodeInfer, outputsOfResponse } from './grpc-messages.ts';
import type { Target } from './target.ts';

/** Connections that calls are spread over, as a few client processes would have them. */
const CHANNELS = 4;

/** One unary call per request. */
export function grpcTarget(address: string): Target {
  const channels = Array.from({ length: CHANNELS }, () => openChannel(address));
  const [first = openChannel(address)] = channels;
  let turn = 0;
  return {
    describe: (model, version) => describe(first, address, model, version),
    encode: encodeInfer,
    send: ({ path, body }, done) => call(channels[turn++ % CHANNELS] ?? first, path, body, done),
    outputsOf: ({ body }) => outputsOfResponse(body),
    close: () => {
      for (const channel of channels) channel.close();
    },
  };
}

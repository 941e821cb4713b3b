import { RestConnection } from './rest-connection.ts';
import type { BenchRequest, Payload, Target } from './target.ts';

/** Text in, labels out: the task form of this server and of Hugging Face's. */
export function taskTarget(address: string): Target {
  const connection = new RestConnection(address);
  return {
    describe: (model, version) => connection.describe(model, version),
    encode,
    send: (payload, done) => connection.post(payload, done),
    outputsOf: ({ body }) => {
      const answer: unknown = JSON.parse(body.toString());
      if (!Array.isArray(answer) || answer.length === 0)
        throw new Error('the answer is not a list of results');
      return [];
    },
    close: () => connection.close(),
  };
}

function encode({ model, rows, text }: BenchRequest): Payload {
  if (text === undefined) throw new Error('the task protocol needs texts');
  return {
    model,
    rows,
    path: `/models/${encodeURIComponent(model)}`,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ inputs: text })),
  };
}

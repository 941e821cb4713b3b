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

/** Several texts are sent as a list; a single one as itself, which tasks without lists take too. */
function encode({ model, texts }: BenchRequest): Payload {
  if (texts === undefined) throw new Error('the task protocol needs texts');
  return {
    model,
    rows: texts.length,
    path: `/models/${encodeURIComponent(model)}`,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ inputs: texts.length === 1 ? texts[0] : texts })),
  };
}

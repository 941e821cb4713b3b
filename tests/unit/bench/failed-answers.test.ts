import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closedLoop } from '../../../bench/load/closed-loop.ts';
import { Recorder } from '../../../bench/load/recorder.ts';
import { METHODS } from '../../../bench/targets/grpc-messages.ts';
import { openTarget } from '../../../bench/targets/open-target.ts';
import { type Answer, ask, type Payload, type Protocol, type Target } from '../../../bench/targets/target.ts';
import { inference as messages } from '../../../src/protocol/generated/inference.js';
import { encodeMessage } from '../../../src/protocol/grpc-messages.ts';

const PAYLOAD: Payload = { model: 'm', rows: 1, path: METHODS.infer, headers: {}, body: Buffer.alloc(0) };

const asIs = (bytes: Buffer): Buffer => bytes;
const CODEC = {
  ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
  requestStream: false,
  responseStream: false,
};

type Stream = ServerDuplexStream<Buffer, Buffer>;

const grpc = new Server();
const rest = createServer((_, response) => response.writeHead(503).end('busy'));
let grpcAddress = '';
const refuse = { code: status.UNAVAILABLE, details: 'busy' };
let onStream = (call: Stream): void => void call.once('data', () => call.emit('error', refuse));

beforeAll(async () => {
  grpc.addService(
    {
      infer: { ...CODEC, path: METHODS.infer },
      stream: { ...CODEC, path: METHODS.streamInfer, requestStream: true, responseStream: true },
    },
    {
      infer: (_: unknown, done: (error: object) => void) => done(refuse),
      stream: (call: Stream) => onStream(call),
    },
  );
  await new Promise<void>((resolve) => rest.listen(0, '127.0.0.1', resolve));
  const port = await new Promise<number>((resolve, reject) =>
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  grpcAddress = `127.0.0.1:${port}`;
});

afterAll(() => {
  grpc.forceShutdown();
  rest.closeAllConnections();
  rest.close();
});

const failureFrom = async (protocol: Protocol, address: string): Promise<Answer> => {
  const target = openTarget({ protocol, address });
  const answer = await ask(target, PAYLOAD);
  target.close();
  return answer;
};

test.each([
  ['grpc', 'UNAVAILABLE'],
  ['grpc-stream', 'UNAVAILABLE'],
  ['rest-json', 'HTTP 503'],
] as const)(
  'what a server refuses over %s is answered, what no server gets is not',
  async (protocol, failure) => {
    const http = `http://127.0.0.1:${(rest.address() as AddressInfo).port}`;
    const refused = await failureFrom(protocol, protocol === 'rest-json' ? http : grpcAddress);
    expect(refused).toMatchObject({ failure, message: 'busy' });
    expect(refused.unanswered ?? false).toBe(false);
    const nowhere = protocol === 'rest-json' ? 'http://127.0.0.1:1' : '127.0.0.1:1';
    expect((await failureFrom(protocol, nowhere)).unanswered).toBe(true);
  },
);

test('an error over a stream that has no id is that of the oldest request, or makes up for its answer', async () => {
  const respond = (values: object) => encodeMessage(messages.ModelStreamInferResponse, values);
  onStream = (call) => {
    const ids: string[] = [];
    call.on('data', (bytes: Buffer) => {
      ids.push(messages.ModelInferRequest.decode(bytes).id);
      // The four streams of the target take turns: each is sent four requests.
      if (ids.length < 4) return;
      call.write(respond({ error_message: 'with its id', infer_response: { id: ids[1] } }));
      call.write(respond({ error_message: 'alone' }));
      call.write(respond({ infer_response: { id: ids[0] } }));
      call.write(respond({ infer_response: { id: ids[3] } }));
    });
  };
  const target = openTarget({ protocol: 'grpc-stream', address: grpcAddress });
  const answers = await Promise.all(Array.from({ length: 16 }, () => ask(target, PAYLOAD)));
  target.close();
  const said = answers.map(({ message }) => message);
  expect([0, 4, 8, 12].map((index) => said[index])).toEqual(['alone', 'with its id', undefined, undefined]);
});

/** Turns of the microtask queue: more than a lane takes to send again, and no timer runs in them. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

test.each([
  [false, 'asks again at once'],
  [true, 'waits'],
])('where a failure is unanswered (%s) a lane %s', async (unanswered) => {
  let asked = 0;
  const again: boolean[] = [];
  const target: Target = {
    describe: () => Promise.reject(new Error('not asked')),
    encode: () => PAYLOAD,
    send: (_, done) => {
      const turn = ++asked;
      setImmediate(async () => {
        done({ failure: 'UNAVAILABLE', unanswered, body: Buffer.alloc(0) });
        await settle();
        if (turn === 1) again.push(asked > turn);
      });
    },
    outputsOf: () => [],
    close: () => {},
  };
  const phases = { warmUp: 0, duration: 1, measuring: () => {} };
  await closedLoop(target, [PAYLOAD], { concurrency: 1 }, new Recorder(), phases);
  expect(again).toEqual([!unanswered]);
});

import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { MESSAGE_BYTES } from '../targets/server-text.ts';
import { ANSWER_TIMEOUT, type Payload, TIMED_OUT } from '../targets/target.ts';
import type { Phases } from './closed-loop.ts';
import type { Recorder } from './recorder.ts';

/** Milliseconds between two looks of autocannon at whether it is to stop. */
const LOOK = 50;

/** Seconds: longer than any window. */
const NEVER = 86_400;

/** A connection ended, so that nothing autocannon measured may be used. */
export interface Ended {
  /** Whether a request of the window was lost with it: the server had not said that it would close. */
  readonly lost: boolean;
}

/** Requests of one client, since it began. */
interface Lane {
  readonly sent: number;
  readonly answered: number;
  /** What had been sent when the window was over; 0 until then. */
  due: number;
}

/**
 * A closed loop over HTTP driven by autocannon, one connection per lane. The `response` events of its clients are counted here: its
 * own histogram has whole milliseconds only. (Its rate mode is not used; it corrects latencies in the wrong unit.)
 * Resolves early where a connection ends: from then on autocannon takes an answer for that of an older request, and
 * forgets those that get none.
 */
export async function autocannonLoop(
  address: string,
  payloads: readonly Payload[],
  concurrency: number,
  recorder: Recorder,
  { warmUp, duration, measuring, answerTimeout = ANSWER_TIMEOUT }: Phases,
): Promise<Ended | undefined> {
  const [first] = payloads;
  const finished = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Ended>();
  const requests = payloads.map(({ path, headers, body }) => ({
    method: 'POST' as const,
    path,
    headers: { ...headers },
    body,
  }));
  const lanes: Lane[] = [];
  const run = autocannon(
    {
      url: address,
      connections: concurrency,
      // It is stopped when the window is over, and what got no answer is counted here.
      duration: NEVER,
      timeout: NEVER,
      sampleInt: LOOK,
      // Each has requests of its own: in step they would all send the same, one length and one run for all of them.
      setupClient: (client) => {
        const own = lanes.length % requests.length;
        client.setRequests(requests.filter((_, index) => index % concurrency === own));
        lanes.push(
          follow(client, { model: first?.model ?? '', rows: first?.rows ?? 1 }, recorder, ended.resolve),
        );
      },
    },
    (error: unknown) => (error === null || error === undefined ? finished.resolve() : finished.reject(error)),
  );
  let end = await Promise.race([ended.promise, sleep(warmUp, undefined)]);
  if (end === undefined) {
    recorder.start();
    measuring();
    end = await Promise.race([ended.promise, sleep(duration, undefined)]);
  }
  recorder.stop();
  end ??= await drain(lanes, ended.promise, recorder, answerTimeout);
  run.stop?.();
  await finished.promise;
  return end;
}

const NOTHING = Buffer.alloc(0);

interface Headers {
  readonly shouldKeepAlive: boolean;
  readonly statusCode: number;
}

/** Counts what a client sends and gets, and says when its connection ends: it then sends before it has an answer. */
function follow(
  client: EventEmitter,
  { model, rows }: Pick<Payload, 'model' | 'rows'>,
  recorder: Recorder,
  ended: (end: Ended) => void,
): Lane {
  const lane = { sent: 0, answered: 0, due: 0 };
  let keepsAlive = true;
  let failed = false;
  let message = NOTHING;
  client.on('request', () => {
    if (lane.sent > lane.answered) ended({ lost: keepsAlive && recorder.begun });
    lane.sent++;
  });
  client.on('headers', ({ shouldKeepAlive, statusCode }: Headers) => {
    keepsAlive = shouldKeepAlive;
    failed = statusCode !== 200;
    message = NOTHING;
  });
  client.on('body', (part: Buffer) => {
    if (failed && message.length < MESSAGE_BYTES) message = Buffer.concat([message, part]);
  });
  client.on('response', (status: number, _bytes: number, latency: number) => {
    lane.answered++;
    if (status === 200) {
      if (recorder.open) recorder.completed(model, rows, latency);
      // A server that takes longer than a window to refuse would have no failures otherwise.
    } else if (recorder.open || lane.answered <= lane.due) {
      recorder.failed(`HTTP ${status}`, message.toString('utf8', 0, MESSAGE_BYTES));
    }
  });
  return lane;
}

/** Waits for the answers to what is out when the window is over: what gets none in time has failed, too. */
async function drain(
  lanes: readonly Lane[],
  ended: Promise<Ended>,
  recorder: Recorder,
  answerTimeout: number,
): Promise<Ended | undefined> {
  for (const lane of lanes) lane.due = lane.sent;
  const unanswered = (): number => lanes.filter(({ answered, due }) => answered < due).length;
  const limit = performance.now() + answerTimeout;
  while (unanswered() > 0 && performance.now() < limit) {
    const end = await Promise.race([ended, sleep(LOOK, undefined)]);
    if (end !== undefined) return end;
  }
  for (let index = unanswered(); index > 0; index--) recorder.failed(TIMED_OUT, 'no answer');
  return undefined;
}

import type { Signature } from '../../src/inference/signature.ts';
import type { Lengths } from '../inputs/lengths.ts';
import { makeRequests } from '../inputs/requests.ts';
import { restBinaryTarget } from '../targets/rest-binary.ts';
import type { RawAnswer } from './raw-connections.ts';
import type { Ending } from './samples.ts';

/** Requests of one kind. */
export interface Stream {
  /** As clients write it: `intent`, `intent@int8`. */
  readonly model: string;
  readonly rows: number;
  readonly lengths: Lengths;
  /** Milliseconds; none where left out. */
  readonly deadline?: number;
}

/** Ids of tokens stay below this. */
const LARGEST_ID = 4000;

/** A request ready to be written to a socket. */
export interface RawRequest {
  readonly bytes: Buffer;
  /** Where its first token lies. */
  readonly tokens: number;
}

/** Distinct requests for a signature. */
export function rawRequests(
  stream: Stream,
  signature: Signature,
  address: string,
  seed: number,
): RawRequest[] {
  const { host } = new URL(address);
  const target = restBinaryTarget(address);
  const { model, rows, lengths, deadline } = stream;
  const requests = makeRequests({ model, rows, lengths, weight: 1, largestId: LARGEST_ID }, signature, seed);
  const wanted = deadline === undefined ? {} : { 'x-request-timeout-ms': String(deadline) };
  const raw = requests.map((request): RawRequest => {
    const { path, headers, body } = target.encode(request);
    const all = { host, ...headers, ...wanted, 'content-length': String(body.length) };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    const tokens = head.length + Number(headers['inference-header-content-length']);
    return { bytes: Buffer.concat([head, body]), tokens };
  });
  target.close();
  return raw;
}

/** Bytes of a token's id. */
const TOKEN = 8;

/**
 * Makes the request one that was not sent before, by its first two tokens: an answer that the server has or is about to
 * have is not what is to be measured.
 */
export function vary({ bytes, tokens }: RawRequest, count: number): Buffer {
  bytes.writeUInt16LE(count % LARGEST_ID, tokens);
  bytes.writeUInt16LE(Math.floor(count / LARGEST_ID) % LARGEST_ID, tokens + TOKEN);
  return bytes;
}

const VARIANT = /\r\nx-sluice-variant: (\S+)/i;
const TIMING = /\r\nserver-timing: (.*)/i;
const PARTS = /(?:queue|compute_[a-z]+);dur=([\d.]+)/g;

/** The text of a 504 that was not refused at once. */
const GAVE_UP = 'before the request could run';

/** What an answer says. */
export function endingOf(answer: RawAnswer | undefined): Ending {
  const nothing = { variant: '', server: Number.NaN };
  if (answer === undefined) return { ...nothing, outcome: 'failed', words: 'the connection was lost' };
  const { status, head, body } = answer;
  if (status === 200) {
    const timing = TIMING.exec(head)?.[1] ?? '';
    let server = 0;
    for (const [, part] of timing.matchAll(PARTS)) server += Number(part);
    return { outcome: 'answered', variant: VARIANT.exec(head)?.[1] ?? '', server, words: '' };
  }
  const words = body.toString('latin1');
  if (status === 429) return { ...nothing, outcome: 'refused', words };
  if (status === 504) return { ...nothing, outcome: words.includes(GAVE_UP) ? 'dropped' : 'refused', words };
  return { ...nothing, outcome: 'failed', words: `HTTP ${status}: ${words}` };
}

import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { urlToHttpOptions } from 'node:url';
import type { Signature } from '../../src/inference/signature.ts';
import { type ModelMetadata, signatureOf } from './metadata.ts';
import { MESSAGE_BYTES } from './server-text.ts';
import { ANSWER_TIMEOUT, type Answer, type Payload, TIMED_OUT } from './target.ts';

const NOTHING = Buffer.alloc(0);

/** Kept-alive connections to one HTTP server, as many as there are requests at one time. */
export class RestConnection {
  readonly #agent = new Agent({ keepAlive: true, scheduling: 'lifo' });
  readonly #base: URL;
  /** As `request` takes them: the address of IPv6 without brackets. */
  readonly #host: Pick<RequestOptions, 'hostname' | 'port'>;

  constructor(address: string) {
    const base = URL.parse(address);
    if (base?.protocol !== 'http:') throw new Error(`'${address}' is not an address like http://host:port`);
    this.#base = base;
    const { hostname, port } = urlToHttpOptions(base);
    this.#host = { hostname, port };
  }

  post({ path, headers, body }: Payload, done: (answer: Answer) => void): void {
    this.#send({ method: 'POST', path, headers: { ...headers, 'content-length': body.length } }, body, done);
  }

  get(path: string): Promise<Answer> {
    return new Promise((resolve) => this.#send({ method: 'GET', path }, NOTHING, resolve));
  }

  /** Inputs and outputs of a model, by the protocol's metadata. */
  async describe(model: string, version?: string): Promise<Signature> {
    const answer = await this.get(modelPath(model, version));
    if (answer.failure !== undefined) {
      throw new Error(`model '${model}' at ${this.#base.origin}: ${answer.failure} ${answer.message ?? ''}`);
    }
    return signatureOf(model, JSON.parse(answer.body.toString()) as ModelMetadata);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(options: RequestOptions, body: Buffer, done: (answer: Answer) => void): void {
    let settled = false;
    const settle = (answer: Answer): void => {
      if (settled) return;
      settled = true;
      done(answer);
    };
    const sent = request({ ...options, ...this.#host, agent: this.#agent, timeout: ANSWER_TIMEOUT });
    sent.on('response', (response) => collect(response, settle));
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('no answer'), { code: TIMED_OUT })));
    sent.on('error', (error) => settle(brokenBy(error)));
    sent.end(body);
  }
}

/** The path of a model, of one version where it is given. */
export const modelPath = (model: string, version: string | undefined): string =>
  `/v2/models/${encodeURIComponent(model)}${version === undefined ? '' : `/versions/${version}`}`;

function collect(response: IncomingMessage, done: (answer: Answer) => void): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => {
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    const { statusCode, headers } = response;
    if (statusCode === 200) done({ body, headers });
    else
      done({
        failure: `HTTP ${statusCode}`,
        message: body.toString('utf8', 0, MESSAGE_BYTES),
        body,
        headers,
      });
  });
  response.on('error', (error) => done(brokenBy(error)));
}

const brokenBy = ({ code, message }: NodeJS.ErrnoException): Answer => ({
  failure: code ?? 'connection failed',
  message,
  unanswered: true,
  body: NOTHING,
});

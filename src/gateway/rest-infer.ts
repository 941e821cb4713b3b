import type { FastifyReply } from 'fastify';
import type { DataPlane } from '../inference/data-plane.ts';
import type { ModelInputs } from '../inference/validate.ts';
import { decodeRawRequest, HEADER_LENGTH, parseHeaderLength } from '../protocol/binary-tensors.ts';
import { ALL_BINARY, type RestRequest } from '../protocol/rest-request.ts';
import { collectBuffers } from './buffer-garbage.ts';
import { widenHalfPrecision } from './half-precision.ts';
import { headerTerms } from './header-terms.ts';
import type { JsonPool } from './json-pool.ts';
import { bodyKind } from './media-type.ts';
import { describeRun, disconnectSignal } from './rest-answer.ts';
import { refuse } from './rest-errors.ts';
import type { RestHandlerRequest } from './rest-route.ts';

const NO_BODY = new Uint8Array(0);

/** The infer route: body to request, request to the data plane, answer to body. */
export async function infer(
  dataPlane: DataPlane,
  json: JsonPool,
  request: RestHandlerRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { model = '', version } = request.params;
  const kind = bodyKind(request.headers['content-type']);
  if (kind !== 'json' && kind !== 'octets') {
    return refuse(reply, 415, 'expected Content-Type application/json or application/octet-stream');
  }
  const signal = disconnectSignal(reply.raw);
  const terms = headerTerms(request);
  const { binary, ...content } = await decode(dataPlane, json, request, model, version);
  const response = await dataPlane.infer(
    widenHalfPrecision(dataPlane, {
      ...content,
      ...terms,
      model,
      version,
      signal,
    }),
  );
  describeRun(reply, response);
  const { body, headerLength } = await json.encode(response, binary);
  collectBuffers(body.length);
  if (headerLength === undefined) return reply.type('application/json').send(body);
  return reply.header(HEADER_LENGTH, headerLength).type('application/octet-stream').send(body);
}

async function decode(
  dataPlane: DataPlane,
  json: JsonPool,
  request: RestHandlerRequest,
  model: string,
  version: string | undefined,
): Promise<RestRequest> {
  const body = request.body ?? NO_BODY;
  const header = request.headers[HEADER_LENGTH];
  const headerLength = header === undefined ? undefined : parseHeaderLength(String(header));
  if (headerLength !== 0)
    return json.decode(body, headerLength, () => modelInputs(dataPlane, model, version));
  const { signature, batching } = dataPlane.resolve(model, version).variant;
  const { name, tensor } = decodeRawRequest(body, signature, batching.maxBatchSize > 0);
  return { parameters: new Map(), inputs: new Map([[name, tensor]]), binary: ALL_BINARY };
}

/** Undefined where there is none, which the data plane says better. */
function modelInputs(dataPlane: DataPlane, name: string, version?: string): ModelInputs | undefined {
  try {
    const { model, signature } = dataPlane.resolve(name, version).variant;
    return { model, signature };
  } catch {
    return undefined;
  }
}

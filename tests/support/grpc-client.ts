import { fileURLToPath } from 'node:url';
import {
  type CallOptions,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import { loadSync, type MethodDefinition, type PackageDefinition } from '@grpc/proto-loader';

const PROTO = fileURLToPath(new URL('../../proto/open_inference_grpc.proto', import.meta.url));

/** Fields of a message, by their names in the .proto file; 64-bit integers are strings. */
export type Message = Readonly<Record<string, unknown>>;

const INFERENCE = loadSync(PROTO, {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

export interface UnaryAnswer<Answer> {
  readonly response: Answer;
  readonly trailers: Metadata;
}

export interface UnaryOptions extends CallOptions {
  readonly metadata?: Record<string, string>;
  /** Called with the function that cancels, once the call is on its way. */
  readonly started?: (cancel: () => void) => void;
}

/** A client as anyone would make it: grpc-js, and stubs loaded from the .proto files. */
export class GrpcClient {
  readonly #client: Client;
  readonly #definition: PackageDefinition;
  readonly #service: string;

  constructor(
    port: number,
    {
      options = {},
      definition = INFERENCE,
      service = 'inference.GRPCInferenceService',
    }: { options?: ChannelOptions; definition?: PackageDefinition; service?: string } = {},
  ) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    this.#definition = definition;
    this.#service = service;
  }

  /** Rejects with the ServiceError of the call. */
  unary(method: string, message: Message, options: UnaryOptions = {}): Promise<UnaryAnswer<Message>> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    return this.#unary(
      path,
      requestSerialize,
      responseDeserialize as (b: Buffer) => Message,
      message,
      options,
    );
  }

  /** Sends bytes that need not be a message. */
  raw(path: string, message: Buffer): Promise<UnaryAnswer<Buffer>> {
    const asIs = (bytes: Buffer): Buffer => bytes;
    return this.#unary(path, asIs, asIs, message, {});
  }

  #unary<Request, Answer>(
    path: string,
    serialize: (request: Request) => Buffer,
    deserialize: (bytes: Buffer) => Answer,
    request: Request,
    { metadata = {}, started, ...options }: UnaryOptions,
  ): Promise<UnaryAnswer<Answer>> {
    return new Promise((resolve, reject) => {
      let response: Answer | undefined;
      const call = this.#client.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        toMetadata(metadata),
        options,
        (error, value) => {
          if (error === null) response = value;
          else reject(error);
        },
      );
      call.on('status', ({ metadata: trailers }) => {
        if (response !== undefined) resolve({ response, trailers });
      });
      started?.(() => call.cancel());
    });
  }

  stream(method: string, metadata: Record<string, string> = {}): GrpcStream {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    return new GrpcStream(
      this.#client.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize as (b: Buffer) => Message,
        toMetadata(metadata),
      ),
    );
  }

  serverStream(method: string, message: Message): GrpcAnswers {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    return new GrpcAnswers(
      this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize as (b: Buffer) => Message,
        message,
      ),
    );
  }

  /** The faulty end of a call, however it failed. */
  async fault(method: string, message: Message, options?: UnaryOptions): Promise<ServiceError> {
    return faultOf(this.unary(method, message, options));
  }

  close(): void {
    this.#client.close();
  }

  #method(name: string): MethodDefinition<object, object> {
    const service = this.#definition[this.#service] as Record<string, MethodDefinition<object, object>>;
    const method = service[name];
    if (method === undefined) throw new Error(`${this.#service} has no method ${name}`);
    return method;
  }
}

export async function faultOf(answer: Promise<unknown>): Promise<ServiceError> {
  return answer.then(
    () => Promise.reject(new Error('the call succeeded')),
    (error: ServiceError) => error,
  );
}

/** The answers of a stream, taken one by one. */
export class GrpcAnswers {
  readonly #answers: AsyncIterator<Message>;
  /** How the call ended. */
  readonly status: Promise<StatusObject>;

  constructor(call: ClientReadableStream<Message>) {
    this.status = new Promise((resolve) => call.once('status', resolve));
    this.#answers = call[Symbol.asyncIterator]() as AsyncIterator<Message>;
    // The status tells the same.
    call.on('error', () => {});
  }

  /** The next answer; undefined when the stream ended well. */
  async next(): Promise<Message | undefined> {
    const { done, value } = await this.#answers.next();
    return done === true ? undefined : value;
  }
}

/** A stream in both directions. */
export class GrpcStream extends GrpcAnswers {
  readonly #call: ClientDuplexStream<Message, Message>;

  constructor(call: ClientDuplexStream<Message, Message>) {
    super(call);
    this.#call = call;
  }

  send(message: Message): void {
    this.#call.write(message);
  }

  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }
}

function toMetadata(entries: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}

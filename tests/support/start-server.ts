import { EventEmitter } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Logger, pino } from 'pino';
import { loadConfig } from '../../src/config/config.ts';
import { type Server, startServer } from '../../src/server.ts';

/** Files by path inside the repository, `add/1/model.onnx` say. */
export type RepositoryFiles = Readonly<Record<string, string | Uint8Array>>;

export interface TestServer extends AsyncDisposable {
  readonly server: Server;
  /** Base addresses of REST and admin, `host:port` of gRPC. */
  readonly rest: string;
  readonly admin: string;
  readonly grpc: string;
  /** Folder of the model repository. */
  readonly repository: string;
  /** Writes files into the repository. */
  write(files: RepositoryFiles): Promise<void>;
  /** The value of one series of /metrics, by its name with labels; 0 where it is not there. */
  metric(series: string): Promise<number>;
}

/** The real server in this process, on free ports, over a repository of its own. */
export async function startTestServer(
  files: RepositoryFiles,
  flags: readonly string[] = [],
  logger: Logger = pino({ level: 'silent' }),
): Promise<TestServer> {
  const repository = await mkdtemp(join(tmpdir(), 'sluice-models-'));
  const write = async (some: RepositoryFiles): Promise<void> => {
    for (const [path, content] of Object.entries(some)) {
      await mkdir(dirname(join(repository, path)), { recursive: true });
      await writeFile(join(repository, path), content);
    }
  };
  await write(files);
  const ports = ['--http-port', '0', '--grpc-port', '0', '--admin-port', '0', '--cores', '2'];
  const server = await startServer({
    config: loadConfig({ argv: ['--model-repository', repository, ...ports, ...flags], env: {} }),
    logger,
    version: '0.0.0-test',
    exit: () => {},
    signals: new EventEmitter(),
  });
  const { http, grpc, admin } = server.addresses;
  const adminUrl = `http://${admin.host}:${admin.port}`;
  return {
    server,
    rest: `http://${http.host}:${http.port}`,
    admin: adminUrl,
    grpc: `${grpc.host}:${grpc.port}`,
    repository,
    write,
    async metric(series) {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      const line = text.split('\n').find((each) => each.startsWith(`${series} `));
      return Number(line?.slice(series.length + 1) ?? 0);
    },
    async [Symbol.asyncDispose]() {
      await server.lifecycle.shutdown('the test is over');
      await rm(repository, { recursive: true, force: true });
    },
  };
}

/** A request of FP32 inputs by name, rows each, in the protocol's JSON form. */
export const fp32Request = (inputs: Readonly<Record<string, readonly (readonly number[])[]>>): string =>
  JSON.stringify({
    inputs: Object.entries(inputs).map(([name, rows]) => ({
      name,
      datatype: 'FP32',
      shape: [rows.length, rows[0]?.length ?? 0],
      data: rows.flat(),
    })),
  });

/** The JSON of an answer, as the type the test expects. */
export const readJson = async <T>(response: Response | Promise<Response>): Promise<T> =>
  (await (await response).json()) as T;

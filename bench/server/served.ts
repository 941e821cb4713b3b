import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../machine/children.ts';

/** The program. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Nothing is answered from another request's run. */
const COMPUTE_ALL = ['--coalesce', 'false', '--response-cache-bytes', '0'];

interface Bound {
  readonly host: string;
  readonly port: number;
}

/** The lines of the server's log that are read here. */
interface LogLine {
  readonly level?: string | number;
  readonly msg?: string;
  readonly addresses?: Readonly<Record<'http' | 'grpc' | 'admin', Bound>>;
}

/** This server as users run it: a process of its own, on free ports. */
export class Served implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** `http://host:port` of REST and of the metrics; `host:port` of gRPC. */
  readonly rest: string;
  readonly admin: string;
  readonly grpc: string;

  private constructor(child: ChildProcess, { http, grpc, admin }: NonNullable<LogLine['addresses']>) {
    this.#child = child;
    this.rest = `http://${http.host}:${http.port}`;
    this.admin = `http://${admin.host}:${admin.port}`;
    this.grpc = `${grpc.host}:${grpc.port}`;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Starts the server over a repository, computing every request unless a flag says otherwise, and waits until its
   * models are loaded. Rejects with its last words when it ends before.
   */
  static async start(repository: string, flags: readonly string[] = [], nodeFlags: readonly string[] = []) {
    // Every run begins with the same knowledge: none. What is waited for is a line of level info.
    const settings = ['--http-port', '0', '--grpc-port', '0', '--admin-port', '0', '--state-dir', ''];
    settings.push('--log-level', 'info');
    const child = spawn(
      process.execPath,
      [...nodeFlags, MAIN, 'serve', '--model-repository', repository, ...settings, ...COMPUTE_ALL, ...flags],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    endWithUs(child);
    const words: string[] = [];
    const ready = Promise.withResolvers<NonNullable<LogLine['addresses']>>();
    const read = (line: string): void => {
      const { msg, addresses } = parse(line);
      if (msg === 'server ready' && addresses !== undefined) ready.resolve(addresses);
      else if (words.push(line) > 20) words.shift();
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', read);
    child.once('exit', (code) =>
      ready.reject(new Error(`the server ended with ${code}:\n${words.join('\n')}`)),
    );
    return new Served(child, await ready.promise);
  }

  /** Ends it as an operator would, and waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

function parse(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return {};
  }
}

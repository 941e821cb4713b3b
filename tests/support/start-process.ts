import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '../..');

/** Flags that let the system choose every port. */
export const FREE_PORTS: readonly string[] = ['--http-port', '0', '--grpc-port', '0', '--admin-port', '0'];

interface LogLine {
  readonly msg?: string;
  readonly ready?: boolean;
  readonly addresses?: Readonly<
    Record<'http' | 'grpc' | 'admin', { readonly host: string; readonly port: number }>
  >;
}

export interface TestProcess {
  readonly child: ChildProcess;
  readonly rest: string;
  readonly grpc: string;
  readonly admin: string;
  readonly ready: boolean;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<number | null>;
}

/** `npm start` without npm: the server as a process of its own, over the shipped models unless told otherwise. */
export async function startProcess(flags: readonly string[] = []): Promise<TestProcess> {
  const child = spawn(process.execPath, ['src/main.ts', 'serve', ...FREE_PORTS, ...flags], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, ready, addresses } = JSON.parse(line) as LogLine;
    if (msg !== 'server ready' || addresses === undefined) continue;
    child.stdout.resume();
    const at = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`;
    return {
      child,
      rest: `http://${at(addresses.http)}`,
      grpc: at(addresses.grpc),
      admin: `http://${at(addresses.admin)}`,
      ready: ready === true,
      async stop() {
        child.kill('SIGTERM');
        if (child.exitCode === null) await once(child, 'exit');
        return child.exitCode;
      },
    };
  }
  throw new Error(`the server ended with ${child.exitCode} before it was ready`);
}

/** Runs a program of the repository to its end. */
export async function runToEnd(command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code, output, errors };
}

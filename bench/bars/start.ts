import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithUs } from '../machine/children.ts';
import { machineCpu, processCpu } from '../machine/cpu.ts';
import { SHIPPED } from '../server/repository.ts';
import { MAIN } from '../server/served.ts';
import { median } from '../statistics/summary.ts';
import type { Bar } from './bar.ts';

const BOUND = 2500;
const STARTS = 3;
const PATIENCE = 30_000;

/** Milliseconds between two tries. */
const TRY_EVERY = 10;

/**
 * From `node` to the first answer of the shipped repository: where nothing is known of it, and where an earlier start
 * was.
 */
export async function* startBars(): AsyncGenerator<Bar> {
  const state = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  try {
    yield bar('first answer of the shipped repository, nothing kept', await startsOf(''));
    await firstAnswer(state);
    yield bar('first answer of the shipped repository, second start', await startsOf(state));
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

async function startsOf(state: string): Promise<Start[]> {
  const starts: Start[] = [];
  for (let start = 0; start < STARTS; start++) starts.push(await firstAnswer(state));
  return starts;
}

function bar(name: string, starts: readonly Start[]): Bar {
  const time = median(starts.map((each) => each.time));
  return {
    name,
    bar: `${BOUND} ms after node starts`,
    figure: `${time.toFixed(0)} ms`,
    met: time <= BOUND,
    others: median(starts.map(({ others }) => others)),
    details: [`starts: ${starts.map((each) => each.time.toFixed(0)).join(', ')} ms`],
  };
}

interface Start {
  /** Milliseconds. */
  readonly time: number;
  /** Cores that others kept busy. */
  readonly others: number;
}

async function firstAnswer(state: string): Promise<Start> {
  const port = await freePort();
  const [machine, own] = [machineCpu(), process.cpuUsage()];
  const begun = performance.now();
  const settings = [
    '--http-port',
    String(port),
    '--grpc-port',
    '0',
    '--admin-port',
    '0',
    '--state-dir',
    state,
  ];
  const child = spawn(process.execPath, [MAIN, 'serve', '--model-repository', SHIPPED, ...settings], {
    stdio: 'ignore',
  });
  endWithUs(child);
  try {
    while (!(await answers(port))) {
      if (child.exitCode !== null || performance.now() - begun > PATIENCE)
        throw new Error('the server did not start');
      await sleep(TRY_EVERY);
    }
    const time = performance.now() - begun;
    const { user, system } = process.cpuUsage(own);
    const ours = (await processCpu(child.pid ?? 0)) + (user + system) / 1e6;
    return { time, others: Math.max(0, ((machineCpu() - machine - ours) * 1000) / time) };
  } finally {
    await end(child);
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/models/intent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"inputs":"how do i reset my pin"}',
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

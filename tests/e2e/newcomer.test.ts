import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FREE_PORTS, runToEnd, startProcess, type TestProcess } from '../support/start-process.ts';
import { readJson } from '../support/start-server.ts';

/** What the Python example asks for; a machine without it has nothing to run it with. */
const PYTHON_CLIENT = spawnSync('python3', ['-c', 'import grpc, grpc_tools, tokenizers']).status === 0;

describe('the shipped repository, served by the command of the README', () => {
  let server: TestProcess;

  beforeAll(async () => {
    server = await startProcess();
  });

  afterAll(async () => {
    server.child.kill('SIGKILL');
  });

  it('is ready', async () => {
    expect(server.ready).toBe(true);
    expect((await fetch(`${server.admin}/readyz`)).status).toBe(200);
  });

  it('answers the first request of the README with the right intent', async () => {
    const response = await fetch(`${server.rest}/models/intent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"inputs":"how do i reset my pin"}',
    });
    const answer = await readJson<{ label: string; score: number }[][]>(response);
    const best = answer.flat()[0];
    expect(best?.label).toBe('pin_change');
    expect(best?.score).toBeGreaterThan(0.5);
  });

  it('runs examples/curl.sh', async () => {
    const { code, output } = await runToEnd('bash', ['examples/curl.sh', server.rest]);
    expect(code).toBe(0);
    expect(output).toContain('pin_change');
  });

  it('runs examples/grpc-client.ts', async () => {
    const { code, output, errors } = await runToEnd(process.execPath, [
      'examples/grpc-client.ts',
      server.grpc,
    ]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain('pin_change');
  });

  it.skipIf(!PYTHON_CLIENT)('runs examples/grpc_client.py', async () => {
    const { code, output } = await runToEnd('python3', ['examples/grpc_client.py', server.grpc]);
    expect(code).toBe(0);
    expect(output).toContain('pin_change');
  });
});

describe('the command line', () => {
  it.each([
    [['--htp-port', '1'], /--htp-port/],
    [['--http-port', 'eighty'], /'httpPort'/],
    [['serv'], /unknown command 'serv'/],
    [[...FREE_PORTS, '--model-repository', '/nonexistent'], /nonexistent/],
  ])('%j ends with 2 and a line that names what is wrong', async (args, message) => {
    const { code, errors } = await runToEnd(process.execPath, ['src/main.ts', ...args]);
    expect(code).toBe(2);
    expect(errors).toMatch(message);
  });

  it('prints every setting with --help', async () => {
    const { code, output } = await runToEnd(process.execPath, ['src/main.ts', '--help']);
    expect(code).toBe(0);
    expect(output).toContain('--model-repository');
  });
});

describe('SIGTERM', () => {
  it('reaches the server through npm start: no shell stands between, which would keep it', async () => {
    const {
      default: { scripts },
    } = await import('../../package.json', { with: { type: 'json' } });
    expect(scripts.start).toBe('exec node src/main.ts serve');
  });

  it('under load ends with 0 and loses no accepted request', async () => {
    const server = await startProcess(['--drain-delay', '300']);
    let sending = true;
    const statuses: number[] = [];
    const lane = async (): Promise<void> => {
      while (sending) {
        const response = await fetch(`${server.rest}/models/intent`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"inputs":"how do i reset my pin"}',
        });
        await response.arrayBuffer();
        statuses.push(response.status);
        // The answer says when the server is going: a client that heeds it never meets a closed port.
        if (response.headers.get('connection') === 'close') return;
      }
    };
    const lanes = Promise.allSettled(Array.from({ length: 8 }, lane));
    await expect.poll(() => statuses.length, { timeout: 15_000 }).toBeGreaterThan(50);
    const code = await server.stop();
    sending = false;
    const ends = await lanes;
    expect(code).toBe(0);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(ends.filter(({ status }) => status === 'rejected')).toEqual([]);
  });
});

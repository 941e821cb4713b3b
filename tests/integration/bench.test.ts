import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runBench } from '../../bench/command/run-bench.ts';
import { Served } from '../../bench/server/served.ts';
import { failedOf } from '../../bench/suite/figures.ts';
import type { SuiteResult } from '../../bench/suite/result.ts';
import { mlpModel } from '../support/onnx/models.ts';
import { startTestServer, type TestServer } from '../support/start-server.ts';

const SHORT = ['--window', '150', '--warm-up', '50', '--windows', '1'];
const LOADS = { concurrency: ['--concurrency', '2'], rate: ['--rate', '20'] };

let server: TestServer;
let folder: string;

beforeAll(async () => {
  server = await startTestServer({ 'mlp/1/model.onnx': mlpModel(), 'mlp2/1/model.onnx': mlpModel() });
  folder = await mkdtemp(join(tmpdir(), 'sluice-bench-test-'));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function bench(...argv: string[]) {
  const json = join(folder, 'result.json');
  let text = '';
  const screen = { write: (part: string) => (text += part) };
  const scenarios = argv.includes('--scenario') ? argv[argv.indexOf('--scenario') + 1] : 'concurrency';
  const loads = Object.entries(LOADS).flatMap(([name, flags]) => (scenarios?.includes(name) ? flags : []));
  const code = await runBench([...SHORT, ...loads, '--json', json, ...argv], screen);
  return { code, text, result: JSON.parse(await readFile(json, 'utf8')) as SuiteResult };
}

test.each(['rest-json', 'rest-binary', 'grpc', 'grpc-stream'])(
  'a server is measured over %s',
  async (protocol) => {
    const address = protocol.startsWith('grpc') ? server.grpc : server.rest;
    const { code, text, result } = await bench(
      ...['--address', address, '--protocol', protocol, '--model', 'mlp', '--rows', '3'],
    );
    const [point] = result.points;
    expect(text).toContain('concurrency 2');
    expect(code).toBe(0);
    expect(result.traffic).toEqual([{ model: 'mlp', weight: 1, rows: 3 }]);
    expect(result.points).toHaveLength(1);
    expect(point?.latency.count).toBeGreaterThan(0);
    expect(point?.latency.min).toBeGreaterThan(0);
    expect(point?.rows).toBeCloseTo((point?.throughput ?? 0) * 3, 6);
    expect(point?.failures).toEqual({});
    expect(point?.stages?.compute).toBeGreaterThan(0);
  },
);

test('several models are mixed, and several scenarios make one report', async () => {
  const html = join(folder, 'report.html');
  const { result } = await bench(
    ...['--address', server.rest, '--admin', server.admin, '--model', 'mlp=3', '--model', 'mlp2'],
    ...['--scenario', 'concurrency,rate', '--arrivals', 'gamma:2', '--html', html],
  );
  expect(result.points.map(({ label }) => label)).toEqual(['concurrency 2', 'gamma:2 20/s']);
  const { mlp, mlp2 } = result.points[0]?.models ?? {};
  expect((mlp?.answered ?? 0) / (mlp2?.answered ?? 0)).toBeGreaterThan(2);
  expect(await readFile(html, 'utf8')).toContain('gamma:2 20/s');
});

test('the ceiling is measured beside a single model', async () => {
  const onnx = join(server.repository, 'mlp/1/model.onnx');
  const { result } = await bench(
    ...['--address', server.rest, '--model', 'mlp', '--onnx', onnx, '--sessions', '1'],
  );
  expect(result.ceiling?.sessions).toBe(1);
  expect(result.points[0]?.ceiling).toBeGreaterThan(0);
});

test('a target that is down, a model that is not there and a wrong flag are said, and nothing is measured', async () => {
  const down = runBench(['--address', 'http://127.0.0.1:1', '--model', 'mlp']);
  await expect(down).rejects.toThrow(/ECONNREFUSED/);
  await expect(runBench(['--address', '127.0.0.1:1', '--protocol', 'grpc', '--model', 'm'])).rejects.toThrow(
    /UNAVAILABLE/,
  );
  await expect(runBench(['--address', server.rest, '--model', 'nope'])).rejects.toThrow(/'nope'.*404/);
  await expect(runBench(['--address', server.rest])).rejects.toThrow('--model is needed');
  const rate = ['--model', 'm', '--rate', '0'];
  await expect(runBench([...rate, '--scenario', 'rate'])).rejects.toThrow(/--rate is '0'/);
  await expect(runBench(rate)).rejects.toThrow(/--rate is read by --scenario rate alone/);
  await expect(runBench(['--model', 'm', '--scenario', 'x'])).rejects.toThrow(/--scenario is 'x'/);
  const ofMlp = ['--address', server.rest, '--model', 'mlp'];
  await expect(runBench([...ofMlp, '--admin', 'http://127.0.0.1:1'])).rejects.toThrow(
    /--admin is 'http:\/\/127\.0\.0\.1:1', which does not answer/,
  );
  await expect(runBench([...ofMlp, '--admin', server.rest])).rejects.toThrow(/--admin is .*404/);
  using other = await fakeServer(() => {});
  await expect(runBench([...ofMlp, '--admin', other.address])).rejects.toThrow(/has no metrics of mlp/);
  const texts = join(folder, 'texts.txt');
  await writeFile(texts, 'hello\n');
  await expect(runBench([...ofMlp, '--texts', texts])).rejects.toThrow(
    /^--texts is given, but 'mlp' has no input of BYTES/,
  );
  await expect(runBench([...ofMlp, '--texts', folder])).rejects.toThrow(
    `--texts: '${folder}' cannot be read: EISDIR`,
  );
  const nowhere = ['--address', server.rest, '--model', 'mlp', '--csv', join(folder, 'none', 'x.csv')];
  await expect(runBench(nowhere)).rejects.toThrow(/--csv is .*cannot be written/);
  const twice = ['--json', join(folder, 'x'), '--html', join(folder, 'x')];
  await expect(runBench([...ofMlp, ...twice])).rejects.toThrow(/--html is .*which --json is, too/);
});

/** A server of the protocol that leaves every infer request to the test. */
async function fakeServer(infer: (response: ServerResponse, body: string) => void) {
  const fake = createServer(async (request, response) => {
    const body = await text(request);
    response.setHeader('content-type', 'application/json');
    if (request.url?.endsWith('/infer') === true) infer(response, body);
    else response.end('{"inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],"outputs":[]}');
  });
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(fake.address() as AddressInfo).port}`,
    [Symbol.dispose]() {
      fake.closeAllConnections();
      fake.close();
    },
  };
}

const ANSWER = '{"outputs":[{"name":"y","shape":[1]}]}';

test.each([
  ['rate', 'rest-binary'],
  ['concurrency', 'rest-binary'],
  ['multi-stream', 'rest-json'],
])('errors are counted by their kind and are never throughput: %s, %s', async (scenario, protocol) => {
  let asked = 0;
  using failing = await fakeServer((response) => {
    if (asked++ === 0) response.end(ANSWER);
    else response.writeHead(429).end('{"error":"the queue is full"}');
  });
  const csv = join(folder, 'failing.csv');
  const { code, text, result } = await bench(
    ...['--address', failing.address, '--protocol', protocol, '--model', 'm', '--scenario', scenario],
    ...['--csv', csv],
  );
  const [point] = result.points;
  expect(code).toBe(1);
  expect(point?.throughput).toBe(0);
  expect(point?.latency.count).toBe(0);
  expect(point && failedOf(point)).toBeGreaterThan(0);
  expect(Object.keys(point?.failures ?? {})).toEqual(['HTTP 429']);
  expect(text).toContain('INVALID: no request was answered');
  expect(text).toContain('the queue is full');
  expect(text).toContain(`not in the CSV, as they are invalid: ${point?.label}`);
  expect(await readFile(csv, 'utf8')).toBe('');
});

test.each([
  ['announced', 1, 0],
  ['announced', 7, 0],
  ['lost', 2, 1],
])('connections that end are timed right, and what is lost fails: %s, every %d', async (how, every, exit) => {
  let asked = 0;
  using ending = await fakeServer((response) => {
    if (++asked % every !== 0 || asked === 1) return void response.end(ANSWER);
    if (how === 'announced') response.setHeader('connection', 'close').end(ANSWER);
    else response.socket?.destroy();
  });
  const { code, text, result } = await bench('--address', ending.address, '--model', 'm');
  const [point] = result.points;
  const [window] = point?.windows ?? [];
  expect(code).toBe(exit);
  expect(text).toContain('NOTE: the server ended connections');
  expect(Object.keys(point?.failures ?? {})).toEqual(exit === 0 ? [] : ['ECONNRESET']);
  // Little's law: two lanes have two requests out, or somewhat more by this count, as those from before the window are in it.
  const out = ((window?.throughput ?? 0) * (window?.mean ?? 0)) / 1000;
  expect(out).toBeGreaterThan(0);
  expect(out).toBeLessThan(10);
});

test('requests that are out together differ, even where all are answered together', async () => {
  const lanes = 4;
  const groups: string[][] = [];
  let group: { readonly body: string; readonly response: ServerResponse }[] = [];
  let asked = 0;
  using inStep = await fakeServer((response, body) => {
    if (asked++ === 0) return void response.end(ANSWER);
    group.push({ body, response });
    if (group.length < lanes) return;
    groups.push(group.map((each) => each.body));
    for (const each of group) each.response.end(ANSWER);
    group = [];
  });
  const closed = ['--scenario', 'concurrency', '--concurrency', String(lanes)];
  await bench('--address', inStep.address, '--protocol', 'rest-json', '--model', 'm', ...closed);
  expect(groups.length).toBeGreaterThan(1);
  for (const each of groups) expect(new Set(each).size).toBe(lanes);
});

test('compare says whether a result got worse by its exit code', async () => {
  const { result } = await bench('--address', server.rest, '--model', 'mlp');
  const scaled = (factor: number): SuiteResult => ({
    ...result,
    points: result.points.map((point) => ({
      ...point,
      windows: [100, 101, 102].map((rows) => ({
        ...{ throughput: rows, rows: rows * factor, mean: 1, p50: 1, p90: 1, p95: 1, p99: 1, failed: 0 },
      })),
    })),
  });
  const files = [join(folder, 'a.json'), join(folder, 'b.json')] as const;
  await writeFile(files[0], JSON.stringify(scaled(1)));
  await writeFile(files[1], JSON.stringify(scaled(0.5)));
  const screen = { write: () => true };
  expect(await runBench(['compare', ...files], screen)).toBe(1);
  expect(await runBench(['compare', files[1], files[0]], screen)).toBe(0);
  const short = join(folder, 'short.json');
  const points = result.points.map((point) => ({ ...point, windows: point.windows.slice(0, 1) }));
  await writeFile(short, JSON.stringify({ ...result, points }));
  expect(await runBench(['compare', short, short], screen)).toBe(3);
  expect(await runBench(['compare', files[0], files[0]], screen)).toBe(0);
  let help = '';
  expect(await runBench(['compare', '--help'], { write: (part) => (help += part) })).toBe(0);
  expect(help).toContain('bench compare BEFORE.json AFTER.json');
  await expect(runBench(['compare', ...files, '--tolerance', ''], screen)).rejects.toThrow(
    "--tolerance is '', it must be from 0 to 1",
  );
  await expect(runBench(['compare', files[0], folder], screen)).rejects.toThrow(
    `compare: '${folder}' cannot be read: EISDIR`,
  );
  const missing = join(folder, 'missing.json');
  await expect(runBench(['compare', files[0], missing], screen)).rejects.toThrow(/ENOENT.*missing/);
});

test('a server that is started for the run is heard whatever the environment lets it log', async () => {
  vi.stubEnv('SLUICE_LOG_LEVEL', 'error');
  await using served = await Served.start(server.repository, ['--cores', '1']);
  vi.unstubAllEnvs();
  expect((await fetch(`${served.rest}/v2/health/live`)).status).toBe(200);
}, 60_000);

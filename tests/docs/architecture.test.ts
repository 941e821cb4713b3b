import { expect, test } from 'vitest';
import { exists, list, read } from './repository-files.ts';
import { closureOf, importsOf, isGenerated, sources, threadsOf } from './source-files.ts';

/** The rooms of src/ in layers: a file imports its own room, or a lower layer. */
const LAYERS: readonly (readonly string[])[] = [
  ['tensor', 'errors.ts'],
  ['inference'],
  ['scheduling'],
  [
    'batching',
    'caching',
    'workers',
    'repository',
    'protocol',
    'metrics',
    'tasks',
    'rollout',
    'config',
    'state',
    'logger.ts',
    'lifecycle.ts',
  ],
  ['gateway'],
  ['gateway-threads'],
  ['variant-warm-up.ts'],
  ['variant-preparation.ts'],
  ['variant-opener.ts'],
  ['server.ts'],
  ['cli'],
  ['main.ts'],
];

/** Packages that are imported in one room only, by the beginning of their names. */
const ROOM_OF_PACKAGE: Readonly<Record<string, string>> = {
  'onnxruntime-': 'workers',
  piscina: 'workers',
  fastify: 'gateway',
  '@fastify/': 'gateway',
  '@grpc/': 'gateway',
  'grpc-': 'gateway',
  'prom-client': 'metrics',
};

const FILES = sources();
const IMPORTS = FILES.flatMap(importsOf);

const roomOf = (path: string): string => path.split('/')[1] ?? '';
const layerOf = (room: string): number => LAYERS.findIndex((layer) => layer.includes(room));

test('every file of src belongs to a room that has its place', () => {
  expect(FILES.filter((path) => layerOf(roomOf(path)) < 0)).toEqual([]);
});

test('rooms import lower layers only, never a sibling', () => {
  expect(IMPORTS.length).toBeGreaterThan(FILES.length);
  const wrong = IMPORTS.filter(({ from, target }) => {
    if (!target.startsWith('src/')) return false;
    const [own, other] = [roomOf(from), roomOf(target)];
    return own !== other && layerOf(other) >= layerOf(own);
  });
  expect(wrong.map(({ from, target }) => `${from} imports ${target}`)).toEqual([]);
});

test('every relative import has its target', () => {
  const missing = IMPORTS.filter(({ target }) => target.startsWith('src/') && !exists(target));
  expect(missing).toEqual([]);
});

test('a package that belongs to one room is imported there only', () => {
  const wrong = IMPORTS.filter(({ from, target }) =>
    Object.entries(ROOM_OF_PACKAGE).some(([name, room]) => target.startsWith(name) && roomOf(from) !== room),
  );
  expect(wrong.map(({ from, target }) => `${from} imports ${target}`)).toEqual([]);
});

test('process.env is read by the configuration only', () => {
  const wrong = FILES.filter((path) => roomOf(path) !== 'config' && /process\.env\b/.test(read(path)));
  expect(wrong).toEqual([]);
});

test('a thread of the workers loads the session, its messages, tensor and errors', () => {
  const entries = FILES.filter((path) => roomOf(path) === 'workers').flatMap(threadsOf);
  expect(entries).not.toEqual([]);
  for (const entry of entries) {
    const files = [...closureOf(entry)].filter((path) => path.startsWith('src/'));
    const foreign = files.filter((path) => !/^src\/(workers\/|tensor\/|errors\.ts$)/.test(path));
    expect(foreign, entry).toEqual([]);
  }
});

test('no thread but those of the gateways loads a server, and none the metrics or the runtime', () => {
  const gateway = 'src/gateway-threads/thread.ts';
  const threads = FILES.flatMap(threadsOf);
  expect(threads).toContain(gateway);
  const loaded = [...closureOf(gateway)].filter((path) => /^(prom-client|onnxruntime-|piscina)/.test(path));
  expect(loaded).toEqual([]);
  for (const entry of threads.filter((path) => path !== gateway)) {
    const packages = [...closureOf(entry)].filter((path) =>
      /^(@?fastify|@grpc|grpc-|prom-client)/.test(path),
    );
    expect(packages, entry).toEqual([]);
  }
});

const CODE = list(/^(src|bench|tests|examples|proto|docs)\/.*\.m?ts$|^models\/factory\/.*\.py$/).filter(
  (path) => !isGenerated(path),
);

test('no file is longer than 300 lines', () => {
  const long = CODE.map((path) => ({ path, lines: read(path).split('\n').length - 1 }));
  expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
});

test('no file exports a default', () => {
  expect(CODE.filter((path) => /^export (default|\{[^}]* as default)/m.test(read(path)))).toEqual([]);
});

test('no file is named for being of use to many', () => {
  const vague = /(^|[-_./])(utils?|helpers?|commons?|misc)([-_.]|\/)/;
  expect(CODE.filter((path) => vague.test(path))).toEqual([]);
});

test('no file keeps a note about work left to do', () => {
  const note = new RegExp(
    `\\b(${['TO', 'FIX', 'XX'].map((each, index) => each + ['DO', 'ME', 'X'][index]).join('|')})\\b`,
  );
  expect(CODE.filter((path) => note.test(read(path)))).toEqual([]);
});

test('the code map names every room of src', () => {
  const page = read('docs/architecture.md');
  const rooms = new Set(FILES.map(roomOf));
  for (const room of rooms) {
    const heading = room.endsWith('.ts') ? `\`src/${room}\`` : `\`src/${room}/\``;
    expect(page).toContain(heading);
  }
});

test('the code map names no file that is gone', () => {
  const named = [
    ...read('docs/architecture.md').matchAll(/`((?:src|tests|proto|models|bench|docs)\/[\w./-]+)`/g),
  ];
  expect(named.map(([, path = '']) => path).filter((path) => !exists(path))).toEqual([]);
});

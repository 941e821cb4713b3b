import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseVariantsFile } from '../../src/repository/variants-file.ts';
import { TextTokenizer } from '../../src/tasks/text/text-tokenizer.ts';
import { makeTensor, type Tensor } from '../../src/tensor/tensor.ts';
import { OrtSession } from '../../src/workers/ort-session.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A row's scores may differ by this much, whatever lies beside it. */
const MOST_DIFFERENCE = 1e-3;

const TEXTS = [
  'hi',
  'freeze my account',
  'how do i reset my pin',
  'what is 15% of 2,480.50?',
  'my card was declined at the supermarket, why',
  'i would like to know if there is any way to get a refund for the transfer i made last tuesday to my landlord',
  'Überweisung nach Zürich 🏦 qwzx',
  'is it going to rain in paris tomorrow and should i bring an umbrella or not',
];

const NEIGHBOUR = Array.from(
  { length: 12 },
  () => 'please transfer 100 dollars from checking to savings',
).join(' ');

/** Token ids, or the grey values of a picture. */
type Row = readonly number[];

/** Rows that a graph takes, and how scores come out. */
interface Rows {
  readonly rows: readonly Row[];
  /** As unlike the rows as can be. */
  readonly extreme: Row;
  /** Scores of each row, run together; `padding` more places after the longest, where rows have a length. */
  run(rows: readonly Row[], padding: number): number[][];
}

const int8Variants = globSync('models/*/*/variants.json', { cwd: ROOT })
  .sort()
  .flatMap((path) => {
    const { variants } = parseVariantsFile(JSON.parse(readFileSync(join(ROOT, path), 'utf8')));
    const folder = dirname(join(ROOT, path));
    const quantized = Object.entries(variants).filter(([, { precision }]) => precision === 'int8');
    return quantized.map(([variant, { file }]) => ({
      name: `${path.split('/')[1]}@${variant}`,
      folder,
      path: join(folder, file),
    }));
  });

test('there are int8 variants to try', () => {
  expect(int8Variants.map(({ name }) => name)).toContain('intent@int8');
});

describe.each(int8Variants)('$name', ({ folder, path }) => {
  let session: OrtSession;
  let kinds: Rows[];

  beforeAll(() => {
    session = OrtSession.open(path, { intraOpThreads: 1, executionProviders: ['cpu'] });
    kinds = rowsFor(session, folder);
  });

  afterAll(() => session.close());

  test('answers are scores, and differ from row to row', () => {
    expect(kinds).not.toEqual([]);
    for (const { rows, run } of kinds) {
      const scores = run(rows, 0);
      expect(scores.flat().every(Number.isFinite)).toBe(true);
      expect(largestDifference(scores[0], scores[1])).toBeGreaterThan(MOST_DIFFERENCE);
    }
  });

  test('a row has the same answer alone, in a batch, padded further and beside an extreme neighbour', () => {
    for (const { rows, extreme, run } of kinds) {
      const alone = rows.map((row) => run([row], 0)[0]);
      const arrangements = [
        run(rows, 0),
        run(rows.toReversed(), 0).toReversed(),
        run(rows, 24),
        rows.map((row) => run([row], 40)[0]),
        rows.map((row) => run([extreme, row, extreme], 0)[1]),
      ];
      for (const scores of arrangements) {
        for (const [index, expected] of alone.entries()) {
          expect(largestDifference(scores[index], expected)).toBeLessThanOrEqual(MOST_DIFFERENCE);
          expect(topOf(scores[index])).toBe(topOf(expected));
        }
      }
    }
  });
});

/** What a graph's inputs call for: texts, images, or each of them beside a constant other. */
function rowsFor(session: OrtSession, folder: string): Rows[] {
  const inputs = session.signature.inputs.map(({ name }) => name);
  const [texts, images] = [inputs.includes('input_ids'), inputs.includes('pixel_values')];
  const kinds: Rows[] = [];
  if (texts) kinds.push(textRows(session, folder, images ? imageFeeds(session, [grating(0)]) : []));
  if (images) {
    const constant = texts ? encodedTexts(folder) : undefined;
    kinds.push(imageRows(session, constant === undefined ? [] : textFeeds(session, constant, 0)));
  }
  return kinds;
}

function textRows(session: OrtSession, folder: string, others: readonly Feed[]): Rows {
  const [extreme = [], ...rows] = encodedTexts(folder);
  const run = (batch: readonly Row[], padding: number) =>
    scoresOf(session, [...textFeeds(session, batch, padding), ...others], ['text_embeds', 'logits']);
  return { rows, extreme, run };
}

function imageRows(session: OrtSession, others: readonly Feed[]): Rows {
  const rows = Array.from({ length: 8 }, (_, index) => grating(index));
  const extreme = grating(3).map((value) => 100 * value);
  const run = (batch: readonly Row[]) =>
    scoresOf(
      session,
      [...imageFeeds(session, batch), ...others],
      ['logits_per_image', 'image_embeds', 'logits'],
    );
  return { rows, extreme, run };
}

type Feed = readonly [name: string, tensor: Tensor];

/** Ids of the extreme neighbour first, then of the texts. */
function encodedTexts(folder: string): readonly Row[] {
  const file = (name: string) => readFileSync(join(folder, name), 'utf8');
  const config = existsSync(join(folder, 'tokenizer_config.json')) ? file('tokenizer_config.json') : '{}';
  const tokenizer = new TextTokenizer({ tokenizer: file('tokenizer.json'), config: JSON.parse(config) });
  const maxLength = Math.min(Number(JSON.parse(config).model_max_length ?? 64), 128) - 48;
  return [NEIGHBOUR, ...TEXTS].map((text) => tokenizer.encode({ text }, { maxLength, truncate: true }).ids);
}

function textFeeds(session: OrtSession, rows: readonly Row[], padding: number): Feed[] {
  const length = Math.max(...rows.map((row) => row.length)) + padding;
  const fill = (value: (row: Row, place: number) => number) => {
    const places = rows.flatMap((row) => Array.from({ length }, (_, place) => BigInt(value(row, place))));
    return makeTensor('INT64', [rows.length, length], BigInt64Array.from(places));
  };
  const feeds: Feed[] = [
    ['input_ids', fill((row, place) => row[place] ?? 0)],
    ['attention_mask', fill((row, place) => (place < row.length ? 1 : 0))],
    ['token_type_ids', fill(() => 0)],
  ];
  return feeds.filter(([name]) => session.signature.inputs.some((input) => input.name === name));
}

const SIDE = 28;

/** A picture of stripes, whose width and slope depend on its number. */
const grating = (number: number): number[] =>
  Array.from({ length: SIDE * SIDE }, (_, place) => {
    const [x, y] = [place % SIDE, Math.floor(place / SIDE)];
    return Math.sin((x * (1 + number) + y * (7 - number)) / 9) * (0.5 + number / 8);
  });

function imageFeeds({ signature }: OrtSession, rows: readonly Row[]): Feed[] {
  const channels = signature.inputs.find(({ name }) => name === 'pixel_values')?.dims[1];
  const repeated = typeof channels === 'number' ? channels : 3;
  const values = rows.flatMap((row) => Array.from({ length: repeated }, () => row).flat());
  const shape = [rows.length, repeated, SIDE, SIDE];
  return [['pixel_values', makeTensor('FP32', shape, Float32Array.from(values))]];
}

/** Rows of the first of `names` that the graph has: probabilities of logits, embeddings as they are. */
function scoresOf(session: OrtSession, feeds: readonly Feed[], names: readonly string[]): number[][] {
  const known = session.signature.outputs.map(({ name }) => name);
  const name = names.find((each) => known.includes(each)) ?? '';
  const output = session.runSync(new Map(feeds), [name]).get(name);
  const width = output?.shape.at(-1) ?? 0;
  const data = Array.from((output?.data ?? []) as Float32Array);
  const rows = Array.from({ length: output?.shape[0] ?? 0 }, (_, row) =>
    data.slice(row * width, (row + 1) * width),
  );
  return name.startsWith('logits') ? rows.map(softmax) : rows;
}

function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - most));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

const topOf = (scores: readonly number[] = []): number => scores.indexOf(Math.max(...scores));

const largestDifference = (a: readonly number[] = [], b: readonly number[] = []): number =>
  a.length === b.length ? Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? 0)))) : Infinity;

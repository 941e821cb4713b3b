import { readTexts } from '../command/flag-values.ts';
import type { Lengths } from '../inputs/lengths.ts';
import type { Traffic } from '../inputs/requests.ts';
import { readBenchTexts, tokenLengths } from '../inputs/token-lengths.ts';
import type { TuneArguments } from './arguments.ts';
import { readSidecar, type TunedModel } from './model-files.ts';

const LENGTH: Lengths = { kind: 'fixed', length: 32 };
const LARGEST_ID = 1000;

/**
 * What is sent to the model: tensors by its signature. A text model gets token ids of its vocabulary, in sequences as
 * long as its own tokenizer makes them of real questions; a model that takes texts gets the questions.
 */
export async function trafficFor(
  model: TunedModel,
  { rows, lengths, largestId, texts: file }: TuneArguments,
): Promise<Omit<Traffic, 'model' | 'weight'>> {
  const texts = file === undefined ? await readBenchTexts() : await readTexts(file);
  const limits = limitsIn(await readSidecar(model, 'config.json'));
  const hasTokenizer = (await readSidecar(model, 'tokenizer.json')) !== undefined;
  const found = hasTokenizer ? await tokenLengths(texts, model.versionFolder, limits.positions) : LENGTH;
  return { rows, lengths: lengths ?? found, largestId: largestId ?? limits.vocabulary ?? LARGEST_ID, texts };
}

/** The limits of the text part, where the config.json of an export names them. */
function limitsIn(config: unknown): { readonly vocabulary?: number; readonly positions?: number } {
  const parts = [config, isRecord(config) ? config['text_config'] : undefined].filter(isRecord);
  const named = (key: string): number | undefined =>
    parts.map((part) => part[key]).find((value) => typeof value === 'number');
  const [vocabulary, positions] = [named('vocab_size'), named('max_position_embeddings')];
  return {
    ...(vocabulary === undefined ? {} : { vocabulary }),
    ...(positions === undefined ? {} : { positions }),
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

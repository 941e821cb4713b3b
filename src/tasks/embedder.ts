import { InferenceError, invalidArgument } from '../errors.ts';
import { embeddings } from './embeddings.ts';
import { type ExportFolder, jsonObject, numberField } from './export-folder.ts';
import { featureExtraction } from './feature-extraction.ts';
import { outputNamed } from './outputs.ts';
import { sentenceSimilarity } from './sentence-similarity.ts';
import type { TaskModel, TaskSet } from './task.ts';
import { normalized, type Pooling, pool } from './text/pooling.ts';
import { readSentenceSettings, type SentenceSettings } from './text/sentence-transformers.ts';
import { type EncodeRequest, openTextEncoder, type TextEncoder } from './text/text-encoder.ts';
import { fixedLength, textInputs } from './text/text-rows.ts';
import { type OutputRow, runTexts } from './text/text-runs.ts';
import type { Encoded } from './text/text-tokenizer.ts';

export interface EmbedRequest extends EncodeRequest {
  /** What the export says where it is left out, and where that says nothing the mean, at length 1. */
  readonly pooling?: Pooling | undefined;
  readonly normalize?: boolean | undefined;
  readonly prompt_name?: string | undefined;
}

export interface Embedded {
  readonly vectors: readonly Float32Array[];
  /** Tokens that the model read, special ones included. */
  readonly tokens: number;
}

/** A model that gives each token of a text a vector, or each text one. */
export interface Embedder {
  /** Whether the export says how a text gets one vector. */
  readonly pools: boolean;
  readonly vocabularySize: number;
  encode(
    texts: readonly string[],
    request: EmbedRequest,
    model: TaskModel,
    field?: string,
  ): Promise<readonly Encoded[]>;
  /** One vector for each text. */
  embed(encoded: readonly Encoded[], request: Partial<EmbedRequest>, model: TaskModel): Promise<Embedded>;
  /** The vectors of the tokens of each text. */
  features(encoded: readonly Encoded[], model: TaskModel): Promise<OutputRow[]>;
  /** Tokens that a text may have. */
  limit(model: TaskModel): number | undefined;
}

export async function embedderTasks(folder: ExportFolder): Promise<TaskSet> {
  const config = await jsonObject(folder, 'config.json');
  const settings = await readSentenceSettings(folder);
  const encoder = await openTextEncoder(folder, config, settings.maxLength);
  const embedder = makeEmbedder(
    encoder,
    settings,
    numberField(config, 'vocab_size') ?? Number.MAX_SAFE_INTEGER,
  );
  return new Map([
    ['feature-extraction', featureExtraction(embedder)],
    ['sentence-similarity', sentenceSimilarity(embedder)],
    ['embeddings', embeddings(embedder)],
  ]);
}

/** The vector of the text first: a graph that has it did the pooling, and what comes after it, itself. */
const POOLED_OUTPUTS = ['sentence_embedding', 'text_embeds'];
const TOKEN_OUTPUTS = ['last_hidden_state', 'token_embeddings'];

function makeEmbedder(encoder: TextEncoder, settings: SentenceSettings, vocabularySize: number): Embedder {
  const graphLimit = (model: TaskModel) => fixedLength(textInputs(model.signature, model.name));
  const features: Embedder['features'] = (encoded, model) =>
    runTexts(encoded, encoder, model, outputNamed(model, TOKEN_OUTPUTS));
  return {
    pools: settings.pooling.length > 0,
    vocabularySize,
    features,
    limit: (model) => graphLimit(model) ?? encoder.maxLength,
    encode(texts, request, model, field) {
      const prompt = promptOf(settings, request.prompt_name);
      const inputs = texts.map((text) => ({ text: prompt + text }));
      return encoder.encode(inputs, request, graphLimit(model), field);
    },
    async embed(encoded, request, model) {
      const known = settings.pooling.length > 0;
      const ways = request.pooling === undefined ? settings.pooling : [request.pooling];
      const scaled = request.normalize ?? (known ? settings.normalize : true);
      const pooledBy = POOLED_OUTPUTS.find((name) =>
        model.signature.outputs.some((output) => output.name === name),
      );
      if (settings.dense && pooledBy === undefined) throw denseMissing(model);
      const rows =
        pooledBy === undefined || request.pooling !== undefined
          ? (await features(encoded, model)).map((row) =>
              pooledRow(row, known || request.pooling ? ways : ['mean']),
            )
          : (await runTexts(encoded, encoder, model, pooledBy)).map(({ data }) => data);
      return {
        vectors: scaled ? rows.map(normalized) : rows,
        tokens: encoded.reduce((sum, { ids }) => sum + ids.length, 0),
      };
    },
  };
}

/** A graph may give one vector a text under any name. */
const pooledRow = (row: OutputRow, ways: readonly Pooling[]): Float32Array =>
  row.shape.length === 1 ? row.data : pool(row, ways);

function promptOf({ prompts, defaultPrompt }: SentenceSettings, name: string | undefined): string {
  const wanted = name ?? defaultPrompt;
  if (wanted === undefined) return '';
  const prompt = prompts.get(wanted);
  if (prompt !== undefined || name === undefined) return prompt ?? '';
  const known = prompts.size === 0 ? 'none' : [...prompts.keys()].join(', ');
  throw invalidArgument(`'prompt_name': unknown prompt '${name}', the model has ${known}`);
}

const denseMissing = ({ name }: TaskModel) =>
  new InferenceError(
    'failed_precondition',
    `model '${name}' has a dense layer behind its pooling, and its graph has no output 'sentence_embedding' with it`,
  );

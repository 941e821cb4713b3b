import { InferenceError } from '../../errors.ts';
import type { Embedder } from '../embedder.ts';
import { embeddings } from '../embeddings.ts';
import {
  type ExportFolder,
  type JsonObject,
  jsonObject,
  numberField,
  objectField,
} from '../export-folder.ts';
import { featureExtraction } from '../feature-extraction.ts';
import { fixedImageSize } from '../image/image-runs.ts';
import { type ImageSettings, readImageSettings } from '../image/image-settings.ts';
import type { TaskModel, TaskSet } from '../task.ts';
import { openTextEncoder, type TextEncoder } from '../text/text-encoder.ts';
import { imageFeatureExtraction } from './image-feature-extraction.ts';
import { jointTowers } from './joint-towers.ts';
import { separateTowers } from './separate-towers.ts';
import type { Towers } from './towers.ts';
import { zeroShotImageClassification } from './zero-shot-image-classification.ts';

/** The factor CLIP's training ends at; used where config.json does not say `logit_scale`. */
const CLIP_SCALE = 100;

export interface ImageText {
  readonly encoder: TextEncoder;
  readonly settings: ImageSettings;
  readonly towers: (model: TaskModel) => Towers;
}

/** The tasks of a model of texts and images, CLIP for one, in one graph or in one for each tower. */
export async function imageTextTasks(folder: ExportFolder): Promise<TaskSet> {
  const config = await jsonObject(folder, 'config.json');
  const encoder = await openTextEncoder(folder, config);
  const settings = await readImageSettings(folder);
  const joint = jointTowers(encoder, fixedImageSize(settings));
  const separate = separateTowers(encoder, numberField(config, 'logit_scale') ?? CLIP_SCALE);
  const model: ImageText = {
    encoder,
    settings,
    towers: (each) =>
      each.tower('text') !== undefined && each.tower('vision') !== undefined ? separate : joint,
  };
  const embedder = textEmbedder(model, config);
  return new Map([
    ['zero-shot-image-classification', zeroShotImageClassification(model)],
    ['image-feature-extraction', imageFeatureExtraction(model)],
    ['feature-extraction', featureExtraction(embedder)],
    ['embeddings', embeddings(embedder)],
  ]);
}

/** The text tower alone: its vectors are pooled and at length 1 already. */
function textEmbedder({ encoder, towers }: ImageText, config: JsonObject): Embedder {
  const text = objectField(config, 'text_config') ?? config;
  return {
    pools: true,
    vocabularySize: numberField(text, 'vocab_size') ?? Number.MAX_SAFE_INTEGER,
    limit: () => encoder.maxLength,
    encode: (texts, request, _model, field) =>
      encoder.encode(
        texts.map((each) => ({ text: each })),
        request,
        undefined,
        field,
      ),
    async embed(encoded, _request, model) {
      const vectors = await towers(model).texts(encoded, model);
      return { vectors, tokens: encoded.reduce((sum, { ids }) => sum + ids.length, 0) };
    },
    features(_encoded, { name }) {
      const message = `model '${name}' gives a vector for a text, not for its tokens`;
      return Promise.reject(new InferenceError('failed_precondition', message));
    },
  };
}

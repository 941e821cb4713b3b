import { InferenceError } from '../../errors.ts';
import {
  type ExportFolder,
  type JsonObject,
  jsonObject,
  numberField,
  objectField,
  textField,
} from '../export-folder.ts';
import { FILTERS, type Filter } from './resample.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is done with an image before the model sees it; plain data, so that it can cross threads. */
export interface ImageSettings {
  /** To a size whatever the proportions, or until the shorter side has a length. */
  readonly resize: Size | { readonly shortest: number } | undefined;
  readonly filter: Filter;
  readonly crop: Size | undefined;
  readonly scale: number;
  /** Of each channel, after scaling; empty for none. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** Blue first. */
  readonly flipped: boolean;
}

/** From this length on ConvNeXT warps an image instead of cropping it. */
const WARP_FROM = 384;

const STANDARD = [0.5, 0.5, 0.5];

/** Reads preprocessor_config.json. Throws `failed_precondition` for what it asks that is not done here. */
export async function readImageSettings(folder: ExportFolder): Promise<ImageSettings> {
  const config = await jsonObject(folder, 'preprocessor_config.json');
  if (Object.keys(config).length === 0) throw unusable(folder, 'is missing');
  const image = objectField(config, 'image_processor') ?? config;
  const normalizes = image['do_normalize'] !== false;
  return {
    ...geometry(image, folder),
    filter: filterOf(image, folder),
    scale: image['do_rescale'] === false ? 1 : (numberField(image, 'rescale_factor') ?? 1 / 255),
    mean: normalizes ? numbers(image['image_mean']) : [],
    deviation: normalizes ? numbers(image['image_std']) : [],
    flipped: image['do_flip_channel_order'] === true,
  };
}

function geometry(config: JsonObject, folder: ExportFolder): Pick<ImageSettings, 'resize' | 'crop'> {
  const resize = config['do_resize'] === false ? undefined : resizeOf(config, folder);
  const crops = config['do_center_crop'] ?? config['crop_size'] !== undefined;
  const crop = crops === true ? squareOrSize(config['crop_size']) : undefined;
  if (crops === true && crop === undefined) throw unusable(folder, "needs a 'crop_size'");
  const percentage = numberField(config, 'crop_pct');
  if (percentage === undefined || resize === undefined || !('shortest' in resize)) return { resize, crop };
  const { shortest } = resize;
  const square = { width: shortest, height: shortest };
  if (shortest >= WARP_FROM) return { resize: square, crop };
  return { resize: { shortest: Math.trunc(shortest / percentage) }, crop: square };
}

function resizeOf(config: JsonObject, folder: ExportFolder): ImageSettings['resize'] {
  const { size } = config;
  const exact = objectField(config, 'size') === undefined ? undefined : squareOrSize(size);
  if (exact !== undefined) return exact;
  const shortest = numberField(objectField(config, 'size') ?? {}, 'shortest_edge');
  const longest = numberField(objectField(config, 'size') ?? {}, 'longest_edge');
  if (shortest !== undefined && longest === undefined) return { shortest };
  // A bare number is a side of a square, except in exports of models that keep the proportions.
  if (typeof size === 'number') return keepsProportions(config) ? { shortest: size } : squareOrSize(size);
  throw unusable(folder, "has a 'size' that is neither height and width nor shortest_edge");
}

const keepsProportions = (config: JsonObject): boolean =>
  /clip|conv/i.test(
    textField(config, 'image_processor_type') ?? textField(config, 'feature_extractor_type') ?? '',
  );

function squareOrSize(value: unknown): Size | undefined {
  if (typeof value === 'number') return { width: value, height: value };
  if (typeof value !== 'object' || value === null) return undefined;
  const { width, height } = value as JsonObject;
  return typeof width === 'number' && typeof height === 'number' ? { width, height } : undefined;
}

function filterOf(config: JsonObject, folder: ExportFolder): Filter {
  const filter = FILTERS[numberField(config, 'resample') ?? FILTERS.indexOf('bilinear')];
  if (filter !== undefined) return filter;
  throw unusable(folder, `has an unknown 'resample' ${String(config['resample'])}`);
}

const numbers = (value: unknown): readonly number[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'number') ? value : STANDARD;

const unusable = ({ model }: ExportFolder, why: string) =>
  new InferenceError('failed_precondition', `preprocessor_config.json of model '${model}' ${why}`);

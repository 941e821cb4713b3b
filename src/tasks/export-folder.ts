import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InferenceError, messageOf } from '../errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The files beside the ONNX file in an export. Names are constants of ours, never a client's. */
export interface ExportFolder {
  readonly model: string;
  /** The text of a file; undefined where the export has none. */
  text(name: string): Promise<string | undefined>;
  /** A JSON file that holds an object or a list. Throws `failed_precondition` where it does not parse. */
  json(name: string): Promise<unknown>;
}

/**
 * Hugging Face exports keep ONNX files in `onnx/`, and the rest one level up; when `folder` is such a folder, its
 * parent is looked at too.
 */
export function openExportFolder(model: string, folder: string): ExportFolder {
  const folders = basename(folder) === 'onnx' ? [folder, dirname(folder)] : [folder];
  const text = async (name: string) => {
    for (const each of folders) {
      const found = await readIfThere(join(each, name));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    model,
    text,
    async json(name) {
      const content = await text(name);
      if (content === undefined) return undefined;
      try {
        return JSON.parse(content);
      } catch (error) {
        throw new InferenceError('failed_precondition', `${name} of model '${model}' is not JSON`, {
          cause: messageOf(error),
        });
      }
    },
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return undefined;
    }
    throw error;
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A JSON file as an object; empty where the export has none. */
export async function jsonObject(folder: ExportFolder, name: string): Promise<JsonObject> {
  const value = await folder.json(name);
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw new InferenceError(
    'failed_precondition',
    `${name} of model '${folder.model}' must hold a JSON object`,
  );
}

/** The number in a field, or undefined where there is none. */
export function numberField(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function textField(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}

export function objectField(object: JsonObject, name: string): JsonObject | undefined {
  const value = object[name];
  return isObject(value) ? value : undefined;
}

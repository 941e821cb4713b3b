import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The file of a model in a repository of this server's layout: its newest version, the variant after the `@`, or the
 * default one. Undefined where there is none, as in other layouts.
 */
export async function findOnnx(repository: string, model: string): Promise<string | undefined> {
  const [name = '', variant] = model.split('@');
  const file = variant === undefined || variant === 'default' ? 'model.onnx' : `model_${variant}.onnx`;
  try {
    const versions = (await readdir(join(repository, name))).filter((each) => /^\d+$/.test(each)).map(Number);
    const newest = Math.max(...versions);
    const files = await readdir(join(repository, name, String(newest)));
    return files.includes(file) ? join(repository, name, String(newest), file) : undefined;
  } catch {
    return undefined;
  }
}

import { existsSync, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The models that are shipped. */
export const SHIPPED = fileURLToPath(new URL('../../models', import.meta.url));

/** A model repository for one run, gone after it, however the program ends. */
export class BenchRepository implements AsyncDisposable {
  readonly path: string;
  readonly #remove = (): void => rmSync(this.path, { recursive: true, force: true });

  private constructor(path: string) {
    this.path = path;
    process.once('exit', this.#remove);
  }

  static async create(): Promise<BenchRepository> {
    return new BenchRepository(await mkdtemp(join(tmpdir(), 'sluice-bench-')));
  }

  /** Copies the shipped models; returns their names. */
  async copyShipped(): Promise<string[]> {
    const models: string[] = [];
    for (const entry of await readdir(SHIPPED, { withFileTypes: true })) {
      if (!entry.isDirectory() || !existsSync(join(SHIPPED, entry.name, '1'))) continue;
      await cp(join(SHIPPED, entry.name), join(this.path, entry.name), { recursive: true });
      models.push(entry.name);
    }
    return models;
  }

  /** Writes version 1 of a model; returns the path of its ONNX file. */
  async write(model: string, onnx: Uint8Array, config?: object): Promise<string> {
    const version = join(this.path, model, '1');
    await mkdir(version, { recursive: true });
    if (config !== undefined) await writeFile(join(this.path, model, 'model.json'), JSON.stringify(config));
    await writeFile(join(version, 'model.onnx'), onnx);
    return join(version, 'model.onnx');
  }

  /** The file of a variant of version 1; undefined where there is none. */
  fileOf(model: string, variant?: string): string | undefined {
    const path = join(this.path, model, '1', variant === undefined ? 'model.onnx' : `model_${variant}.onnx`);
    return existsSync(path) ? path : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#remove);
    await rm(this.path, { recursive: true, force: true });
  }
}

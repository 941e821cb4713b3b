import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The models that are shipped. */
export const SHIPPED = fileURLToPath(new URL('../../models', import.meta.url));

/** A model repository for one run, gone after it. */
export class BenchRepository implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<BenchRepository> {
    return new BenchRepository(await mkdtemp(join(tmpdir(), 'sluice-bench-')));
  }

  /** Copies a shipped model. */
  async copy(model: string): Promise<void> {
    await cp(join(SHIPPED, model), join(this.path, model), { recursive: true });
  }

  /** Writes version 1 of a model; returns the path of its ONNX file. */
  async write(model: string, onnx: Uint8Array, config?: object): Promise<string> {
    const version = join(this.path, model, '1');
    await mkdir(version, { recursive: true });
    if (config !== undefined) await writeFile(join(this.path, model, 'model.json'), JSON.stringify(config));
    await writeFile(join(version, 'model.onnx'), onnx);
    return join(version, 'model.onnx');
  }

  /** The file of a variant of version 1. */
  fileOf(model: string, variant?: string): string {
    return join(this.path, model, '1', variant === undefined ? 'model.onnx' : `model_${variant}.onnx`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A temporary folder for model files that are made when a test runs, none of them committed.
 * The models are in `models.ts` (one line each says what it takes and gives) and `encoder.ts` (a MiniLM-sized one).
 */
export interface ModelFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes a model under a name ("add.onnx") and returns its absolute path. */
  write(name: string, bytes: Uint8Array): Promise<string>;
}

export async function modelFolder(): Promise<ModelFolder> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-models-'));
  return {
    path,
    async write(name, bytes) {
      const file = join(path, name);
      await writeFile(file, bytes);
      return file;
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}

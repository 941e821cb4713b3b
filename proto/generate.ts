import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pbjs } from 'protobufjs-cli';

const PROTO_FOLDER = import.meta.dirname;

/** Where the generated code lives; it is committed, so that installing needs no generator. */
export const GENERATED_FOLDER = join(PROTO_FOLDER, '../src/protocol/generated');

const LEFT_OUT = ['create', 'verify', 'convert', 'delimited', 'typeurl', 'service'];

/** Encoders, decoders and types for every message of the service: `inference.js` and `inference.d.ts` in `folder`. */
export async function generate(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const out = join(folder, 'inference.js');
  // The types are read from the comments of the code; once they are written, the code is smaller without.
  await run(out, '--dts');
  await run(out, '--no-comments');
}

async function run(out: string, ...options: string[]): Promise<void> {
  await promisify(pbjs.main)([
    ...['--target', 'static-module', '--wrap', 'esm', '--root', 'sluice', '--keep-case'],
    ...LEFT_OUT.map((part) => `--no-${part}`),
    ...options,
    ...['--path', PROTO_FOLDER, '--out', out, join(PROTO_FOLDER, 'open_inference_grpc.proto')],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await generate(GENERATED_FOLDER);

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const SOURCE = 'number-reader.ts';

/** What the server runs. It is committed, so that installing needs no compiler. */
export const COMPILED = join(import.meta.dirname, '../number-reader.wasm');

/** Everything has an address that the source names, up to 331848; nothing is allocated. */
const OPTIONS = [
  ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'],
  ...['--initialMemory', '6', '--memoryBase', '331848'],
];

/** The WebAssembly of the number reader. Throws what the compiler says where it does not compile. */
export async function compile(): Promise<Uint8Array> {
  let compiled: Uint8Array | undefined;
  const { error, stderr } = await asc.main([SOURCE, ...OPTIONS, '--outFile', 'out.wasm'], {
    readFile: (name) => (name === SOURCE ? readFileSync(join(import.meta.dirname, name), 'utf8') : null),
    writeFile: (_name, content) => {
      if (typeof content !== 'string') compiled = content;
    },
    listFiles: () => [],
  });
  if (error !== null || compiled === undefined) throw new Error(stderr.toString(), { cause: error });
  return compiled;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(COMPILED, await compile());

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

/** What is compiled, and the bytes of memory that it names addresses in; nothing is allocated. */
export const MODULES = { 'number-reader': 331_848, 'number-writer': 119_808 };

export type ModuleName = keyof typeof MODULES;

const PAGE = 65_536;

/** What the server runs. It is committed, so that installing needs no compiler. */
export const compiledPath = (name: ModuleName): string => join(import.meta.dirname, `../${name}.wasm`);

/** The WebAssembly of a module. Throws what the compiler says where it does not compile. */
export async function compile(name: ModuleName): Promise<Uint8Array> {
  const source = `${name}.ts`;
  const bytes = MODULES[name];
  const memory = ['--memoryBase', String(bytes), '--initialMemory', String(Math.ceil(bytes / PAGE))];
  const options = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', ...memory];
  let compiled: Uint8Array | undefined;
  const { error, stderr } = await asc.main([source, ...options, '--outFile', 'out.wasm'], {
    readFile: (path) => (path === source ? readFileSync(join(import.meta.dirname, path), 'utf8') : null),
    writeFile: (_path, content) => {
      if (typeof content !== 'string') compiled = content;
    },
    listFiles: () => [],
  });
  if (error !== null || compiled === undefined) throw new Error(stderr.toString(), { cause: error });
  return compiled;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of Object.keys(MODULES) as ModuleName[])
    writeFileSync(compiledPath(name), await compile(name));
}

import { readFileSync } from 'node:fs';

/** A constant or a variable of a module. */
export interface Global<T = number> {
  readonly value: T;
}

/** What every module exports. */
export interface ModuleExports {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** The part that is used here of what neither the language's types nor those of Node.js have. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** A compiled module of this folder, with memory of its own. `host` is what it may call. */
export function instantiate<Exports extends ModuleExports>(name: string, host: object = {}): Exports {
  const module = new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
  return new WebAssembly.Instance(module, { host }).exports as Exports;
}

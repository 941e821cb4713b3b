#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Before anything else is loaded: what is compiled once is read from then on.
enableCompileCache();
// A heap may grow to four times what is alive in it. V8 would collect the whole of a heap this small every few hundred
// requests, with helper threads that keep the cores from everybody else (docs/performance.md). What that leaves for long is
// src/gateway/old-garbage.ts's.
setFlagsFromString('--heap-growing-percent=300');
// For both of them that ask for collections (src/gateway/buffer-garbage.ts, old-garbage.ts); those of the young generation
// happen also while V8 marks the old one, which they would else make it finish at once.
setFlagsFromString('--expose-gc');
setFlagsFromString('--no-separate-gc-phases');
const { runProgram } = await import('./cli/program.ts');
await runProgram(process.argv.slice(2));

#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: what is compiled once is read from then on.
enableCompileCache();
const { runProgram } = await import('./cli/program.ts');
await runProgram(process.argv.slice(2));

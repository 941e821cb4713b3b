import { bench } from './bench.ts';
import type { Command } from './command.ts';
import { models } from './models.ts';
import { serve } from './serve.ts';
import { tune } from './tune.ts';

/** Every command, the one that is meant when none is named first. A command loads its own code when it runs. */
export const COMMANDS: readonly [Command, ...Command[]] = [serve, models, bench, tune];

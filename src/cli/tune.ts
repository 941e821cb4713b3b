import type { Command } from './command.ts';

export const tune: Command = {
  name: 'tune',
  summary: 'Finds the settings of a model that answer most within a latency bound, by measuring.',
  async run(argv) {
    const { runTune } = await import('../../bench/tune/run-tune.ts');
    return runTune(argv);
  },
};

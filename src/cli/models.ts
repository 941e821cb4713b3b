import type { Command } from './command.ts';

export const models: Command = {
  name: 'models',
  summary: 'Prints the variants of a model repository: accuracy, size, speed, checksum.',
  async run(argv) {
    const { listModels } = await import('./list-models.ts');
    return listModels(argv, process.stdout);
  },
};

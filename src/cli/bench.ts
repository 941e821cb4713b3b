import type { Command } from './command.ts';

export const bench: Command = {
  name: 'bench',
  summary: 'Load-tests this server, or any server of the Open Inference Protocol.',
  async run(argv) {
    const { runBench } = await import('../../bench/command/run-bench.ts');
    return runBench(argv);
  },
};

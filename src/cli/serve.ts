import packageJson from '../../package.json' with { type: 'json' };
import { helpText, loadConfig } from '../config/config.ts';
import { createLogger } from '../logger.ts';
import type { Command } from './command.ts';
import { endProcess } from './end-process.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'Serves a model repository over REST and gRPC.',
  async run(argv) {
    if (argv.includes('--help') || argv.includes('-h')) {
      process.stdout.write(`Usage: sluice [serve] [settings]\n\n${serve.summary}\n\n${helpText()}\n`);
      return 0;
    }
    const config = loadConfig({ argv });
    const logger = createLogger(config.logLevel);
    const { startServer } = await import('../server.ts');
    process.on('uncaughtExceptionMonitor', (err) => logger.fatal({ err }, 'uncaught exception'));
    await startServer({
      config,
      logger,
      version: packageJson.version,
      exit: endProcess,
      signals: process,
    });
    return undefined;
  },
};

#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import packageJson from '../package.json' with { type: 'json' };
import { helpText, loadConfig } from './config/config.ts';
import { messageOf } from './errors.ts';
import { createLogger } from './logger.ts';

const HELP = `Usage: sluice [serve] [settings]

Serves a model repository over REST and gRPC.

${helpText()}
`;

/** Parses the command line and runs the command. Resolves to the exit code, or to undefined where a server runs on. */
async function main([command = 'serve', ...argv]: readonly string[]): Promise<number | undefined> {
  if (command.startsWith('-') && command !== '--help' && command !== '-h' && command !== '--version') {
    return main(['serve', command, ...argv]);
  }
  if (command === '--version') return print(packageJson.version);
  if (command !== 'serve' || argv.includes('--help') || argv.includes('-h')) {
    const known = command === '--help' || command === '-h' || command === 'serve';
    return known ? print(HELP) : fail(`unknown command '${command}', there is: serve`);
  }
  return serve(argv);
}

async function serve(argv: readonly string[]): Promise<number | undefined> {
  const config = loadConfig({ argv });
  const logger = createLogger(config.logLevel);
  enableCompileCache();
  const { startServer } = await import('./server.ts');
  process.on('uncaughtExceptionMonitor', (err) => logger.fatal({ err }, 'uncaught exception'));
  await startServer({
    config,
    logger,
    version: packageJson.version,
    exit: (code) => process.exit(code),
    signals: process,
  });
  return undefined;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function fail(text: string): number {
  process.stderr.write(`sluice: ${text}\n`);
  return 2;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ?? process.exitCode;
} catch (error) {
  process.exitCode = fail(messageOf(error));
}

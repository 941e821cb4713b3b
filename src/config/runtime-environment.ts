import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/**
 * Variables that threads and child processes read when they start, and ONNX Runtime when its library is loaded. To be
 * called before the first session, of this process or of a child, is opened.
 */
export function prepareRuntimeEnvironment(env: NodeJS.ProcessEnv = process.env): void {
  // The library reports usage to its maker unless told not to.
  env['ORT_DISABLE_TELEMETRY'] ??= '1';
  // Threads and children have no compile cache but by this variable; Node adds the folder of its version again.
  const cache = getCompileCacheDir();
  if (cache !== undefined) env['NODE_COMPILE_CACHE'] ??= dirname(cache);
}

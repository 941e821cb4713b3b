/**
 * Variables that ONNX Runtime reads when its library is loaded. To be called before the first session, of this process
 * or of a child, is opened.
 */
export function prepareRuntimeEnvironment(env: NodeJS.ProcessEnv = process.env): void {
  // The library reports usage to its maker unless told not to.
  env['ORT_DISABLE_TELEMETRY'] ??= '1';
}

import { createRequire } from 'node:module';

/** Of ONNX Runtime, with the platform it was built for; without loading it. */
export function runtimeVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json');
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return `onnxruntime ${String(version)} ${process.platform}-${process.arch}`;
}

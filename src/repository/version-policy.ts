import type { ModelSettings } from './model-config.ts';

/** The versions that a policy serves, of those on disk (ascending, as the result is). */
export function selectVersions<T extends { readonly version: string }>(
  onDisk: readonly T[],
  policy: ModelSettings['versionPolicy'],
): readonly T[] {
  if (policy === 'all') return onDisk;
  if ('latest' in policy) return onDisk.slice(-policy.latest.count);
  const wanted = new Set(policy.specific.map(String));
  return onDisk.filter(({ version }) => wanted.has(version));
}

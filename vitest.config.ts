import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    pool: 'forks',
    // The second keeps servers that tests start away from what the user's own have learned.
    env: { ORT_DISABLE_TELEMETRY: '1', SLUICE_STATE_DIR: '' },
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});

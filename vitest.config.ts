import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const slow = ['test/end-to-end/**/*.test.ts'];

/** Two groups: quick files side by side, then those with real servers and trainers one at a time, so that they don't starve each other. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^sostenuto$/, replacement: fileURLToPath(new URL('./index.ts', import.meta.url)) },
      { find: /^sostenuto\/config$/, replacement: fileURLToPath(new URL('./cli/config/define.ts', import.meta.url)) },
    ],
  },
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: slow, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'whole', include: slow, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});

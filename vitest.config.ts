import { defineConfig } from 'vitest/config';

const slow = ['test/end-to-end/**/*.test.ts', 'test/kill/**/*.test.ts', 'test/pipelines/tiny-run.test.ts'];

/** Two groups: quick files side by side, then those with real servers and trainers, a pair at a time, so that they don't starve each other. */
export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: slow, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'whole', include: slow, maxWorkers: 2, sequence: { groupOrder: 1 } } },
    ],
  },
});

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const slow = ['test/end-to-end/**/*.test.ts', 'test/kill/**/*.test.ts', 'test/pipelines/tiny-run.test.ts'];
/** Minutes each; begun last, one of them would keep a core waiting for it at the end. */
const longest = [
  'kill/kill.test.ts',
  'pipelines/tiny-run.test.ts',
  'flow/stages.test.ts',
  'end-to-end/death.test.ts',
  'end-to-end/command-line.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => longest.findIndex((name) => moduleId.endsWith(`/${name}`));
    const rank = (file: TestSpecification) => (place(file) < 0 ? longest.length : place(file));
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** Two groups: quick files side by side (by default two cores would get one at a time), then those with real servers and trainers, a pair at a time, so that they don't starve each other. */
export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: slow,
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'whole', include: slow, maxWorkers: 2, sequence: { groupOrder: 1 } } },
    ],
  },
});

import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { PAPER_STAGE_1 } from '../../../../models/network/config.ts';
import { checkMemory, estimateStage } from '../../../../models/training/flow/estimate.ts';

const joint = { train: ['audio', 'video', 'maps'] } as const;
const paper = estimateStage(PAPER_STAGE_1, joint, 128, 750, {});

test('a training that cannot fit is refused before it begins, with the estimate, what there is, and the ways out', () => {
  expect(() => checkMemory(paper, 16e9)).toThrowError(
    expect.objectContaining({
      code: 'MEMORY',
      problems: [
        expect.objectContaining({
          found: expect.stringMatching(/^about [\d.]+ GB for 711\.0 million weights and a batch$/),
          expected: 'at most 16.0 GB',
          hint: expect.stringContaining('training.accumulate'),
        }),
      ],
    }),
  );
});

test('one that fits is not', () => {
  expect(() => checkMemory(paper, paper.memory)).not.toThrow();
  expect(() => checkMemory({ parameters: 1, trained: 1, memory: totalmem() })).not.toThrow();
  expect(() => checkMemory({ parameters: 1, trained: 1, memory: totalmem() + 1 })).toThrow(/does not fit/);
});

test('running layers again instead of keeping them needs less', () => {
  expect(estimateStage(PAPER_STAGE_1, joint, 128, 750, { memory: 'low' }).memory).toBeLessThan(0.3 * paper.memory);
});

test('weights, gradients and moments are counted once for each value that learns', () => {
  const frozen = estimateStage(PAPER_STAGE_1, { train: [] }, 1, 1, {});
  const trained = estimateStage(PAPER_STAGE_1, joint, 1, 1, {});
  expect([frozen.trained, trained.trained]).toEqual([0, 710_952_640]);
  expect(trained.memory - frozen.memory).toBe(4 * 5 * 710_952_640);
  const averaged = estimateStage(PAPER_STAGE_1, joint, 1, 1, { ema: { kind: 'constant', decay: 0.9 } });
  expect(averaged.memory - trained.memory).toBe(4 * 710_952_640);
});
